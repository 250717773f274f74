// What pages do more where scripts run; without it everything works all the same.
