BEGIN TRANSACTION;
CREATE TABLE affected (
	agent_id VARCHAR(63) NOT NULL, 
	incident INTEGER NOT NULL, 
	service VARCHAR(63) NOT NULL, 
	rule VARCHAR(63) NOT NULL, 
	since BIGINT NOT NULL, 
	until BIGINT, 
	level VARCHAR(8) NOT NULL, 
	reason TEXT NOT NULL, 
	cause BOOLEAN NOT NULL, 
	PRIMARY KEY (agent_id, incident, service, rule, since)
);
INSERT INTO "affected" VALUES('kept',1,'web','x',1,NULL,'x','x',1);
CREATE TABLE agents (
	agent_id VARCHAR(63) NOT NULL, 
	started_at BIGINT NOT NULL, 
	alive_until BIGINT NOT NULL, 
	PRIMARY KEY (agent_id)
);
INSERT INTO "agents" VALUES('kept',1,1);
CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY);
INSERT INTO "alembic_version" VALUES('0004');
CREATE TABLE blips (
	agent_id VARCHAR(63) NOT NULL, 
	service VARCHAR(63) NOT NULL, 
	check_id VARCHAR(63) NOT NULL, 
	start BIGINT NOT NULL, 
	"end" BIGINT NOT NULL, 
	worst VARCHAR(8) NOT NULL, 
	count INTEGER NOT NULL, 
	reason TEXT NOT NULL, 
	PRIMARY KEY (agent_id, service, check_id, start)
)
 WITHOUT ROWID

;
INSERT INTO "blips" VALUES('kept','web','home',1,1,'x',1,'x');
CREATE TABLE changes (
	agent_id VARCHAR(63) NOT NULL, 
	number INTEGER NOT NULL, 
	at BIGINT NOT NULL, 
	kind VARCHAR(16) NOT NULL, 
	services TEXT NOT NULL, 
	version TEXT, 
	text TEXT NOT NULL, 
	"by" TEXT NOT NULL, 
	PRIMARY KEY (agent_id, number)
);
INSERT INTO "changes" VALUES('kept',1,1,'x','x',NULL,'x','x');
CREATE TABLE checks (
	agent_id VARCHAR(63) NOT NULL, 
	service VARCHAR(63) NOT NULL, 
	check_id VARCHAR(63) NOT NULL, 
	kind VARCHAR(63) NOT NULL, 
	state TEXT NOT NULL, 
	last TEXT NOT NULL, 
	memo TEXT, good TEXT, 
	PRIMARY KEY (agent_id, service, check_id)
);
INSERT INTO "checks" VALUES('kept','web','home','x','open','x',NULL,NULL);
CREATE TABLE decisions (
	agent_id VARCHAR(63) NOT NULL, 
	seq BIGINT NOT NULL, 
	at BIGINT NOT NULL, 
	service VARCHAR(63) NOT NULL, 
	rule VARCHAR(63) NOT NULL, 
	what VARCHAR(16) NOT NULL, 
	"by" TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	incident INTEGER, 
	ticket INTEGER, 
	facts TEXT NOT NULL, 
	PRIMARY KEY (agent_id, seq)
);
INSERT INTO "decisions" VALUES('kept',1,1,'web','x','x','x','x',NULL,NULL,'x');
CREATE TABLE flips (
	agent_id VARCHAR(63) NOT NULL, 
	service VARCHAR(63) NOT NULL, 
	check_id VARCHAR(63) NOT NULL, 
	at BIGINT NOT NULL, 
	since BIGINT NOT NULL, 
	"before" VARCHAR(8) NOT NULL, 
	"after" VARCHAR(8) NOT NULL, 
	reason TEXT NOT NULL, 
	PRIMARY KEY (agent_id, service, check_id, at)
)
 WITHOUT ROWID

;
INSERT INTO "flips" VALUES('kept','web','home',1,1,'x','x','x');
CREATE TABLE gaps (
	agent_id VARCHAR(63) NOT NULL, 
	start BIGINT NOT NULL, 
	why VARCHAR(7) NOT NULL, 
	"end" BIGINT NOT NULL, 
	PRIMARY KEY (agent_id, start, why)
)
 WITHOUT ROWID

;
INSERT INTO "gaps" VALUES('kept',1,'x',1);
CREATE TABLE incidents (
	agent_id VARCHAR(63) NOT NULL, 
	id INTEGER NOT NULL, 
	service VARCHAR(63) NOT NULL, 
	rule VARCHAR(63) NOT NULL, 
	occurrence INTEGER NOT NULL, 
	state VARCHAR(8) NOT NULL, 
	severity VARCHAR(8) NOT NULL, 
	level VARCHAR(8) NOT NULL, 
	opened_at BIGINT NOT NULL, 
	resolved_at BIGINT, 
	watch_until BIGINT, 
	reopened INTEGER NOT NULL, 
	ticket INTEGER NOT NULL, 
	reason TEXT NOT NULL, "key" VARCHAR(36) DEFAULT '' NOT NULL, error_kind VARCHAR(16), merged_into INTEGER, follows INTEGER, flaps INTEGER DEFAULT '0' NOT NULL, 
	PRIMARY KEY (agent_id, id), 
	UNIQUE (agent_id, service, rule, occurrence)
);
INSERT INTO "incidents" VALUES('kept',1,'web','x',1,'open','x','x',1,NULL,NULL,1,1,'x','x',NULL,NULL,NULL,1);
CREATE TABLE maintenance (
	agent_id VARCHAR(63) NOT NULL, 
	number INTEGER NOT NULL, 
	at BIGINT NOT NULL, 
	services TEXT NOT NULL, 
	start BIGINT NOT NULL, 
	"end" BIGINT NOT NULL, 
	reason TEXT NOT NULL, 
	"by" TEXT NOT NULL, 
	"plan" VARCHAR(63), 
	PRIMARY KEY (agent_id, number, at)
);
INSERT INTO "maintenance" VALUES('kept',1,1,'x',1,1,'x','x',NULL);
CREATE TABLE outbox (
	agent_id VARCHAR(63) NOT NULL, 
	helpdesk VARCHAR(63) NOT NULL, 
	"key" VARCHAR(36) NOT NULL, 
	ticket INTEGER NOT NULL, 
	desired TEXT NOT NULL, 
	version INTEGER NOT NULL, 
	observed TEXT, 
	done_version INTEGER NOT NULL, 
	remote_id TEXT, 
	remote_url TEXT, 
	remote_state VARCHAR(16), 
	sent_priority VARCHAR(13), 
	epoch INTEGER NOT NULL, 
	state VARCHAR(12) NOT NULL, 
	attempts INTEGER NOT NULL, 
	next_at BIGINT, 
	lease_until BIGINT, 
	asked_state VARCHAR(8), 
	last_error TEXT, 
	first_at BIGINT NOT NULL, 
	changed_at BIGINT NOT NULL, 
	PRIMARY KEY (agent_id, helpdesk, "key")
);
INSERT INTO "outbox" VALUES('kept','x','x',1,'x',1,NULL,1,NULL,NULL,NULL,NULL,1,'open',1,NULL,NULL,NULL,NULL,1,1);
CREATE TABLE packed_readings (
	agent_id VARCHAR(63) NOT NULL, 
	hour BIGINT NOT NULL, 
	service VARCHAR(63) NOT NULL, 
	check_id VARCHAR(63) NOT NULL, 
	count INTEGER NOT NULL, 
	packed BLOB NOT NULL, 
	PRIMARY KEY (agent_id, hour, service, check_id)
);
INSERT INTO "packed_readings" VALUES('kept',1,'web','home',1,X'7B7D');
CREATE TABLE problems (
	agent_id VARCHAR(63) NOT NULL, 
	service VARCHAR(63) NOT NULL, 
	rule VARCHAR(63) NOT NULL, 
	data TEXT NOT NULL, 
	PRIMARY KEY (agent_id, service, rule)
);
INSERT INTO "problems" VALUES('kept','web','x','x');
CREATE TABLE readings (
	agent_id VARCHAR(63) NOT NULL, 
	service VARCHAR(63) NOT NULL, 
	check_id VARCHAR(63) NOT NULL, 
	at BIGINT NOT NULL, 
	status VARCHAR(8) NOT NULL, 
	took FLOAT NOT NULL, 
	message TEXT NOT NULL, 
	"values" TEXT NOT NULL, 
	PRIMARY KEY (agent_id, service, check_id, at)
)
 WITHOUT ROWID

;
INSERT INTO "readings" VALUES('kept','web','home',1,'x',1.0,'x','x');
CREATE TABLE requests (
	agent_id VARCHAR(63) NOT NULL, 
	service VARCHAR(63) NOT NULL, 
	check_id VARCHAR(63) NOT NULL, 
	hour BIGINT NOT NULL, 
	valid BIGINT NOT NULL, 
	good BIGINT NOT NULL, 
	PRIMARY KEY (agent_id, service, check_id, hour)
)
 WITHOUT ROWID

;
INSERT INTO "requests" VALUES('kept','web','home',1,1,1);
CREATE TABLE roll_ups (
	agent_id VARCHAR(63) NOT NULL, 
	step VARCHAR(4) NOT NULL, 
	start BIGINT NOT NULL, 
	service VARCHAR(63) NOT NULL, 
	check_id VARCHAR(63) NOT NULL, 
	sketches BLOB NOT NULL, 
	PRIMARY KEY (agent_id, step, start, service, check_id)
);
INSERT INTO "roll_ups" VALUES('kept','x',1,'web','home',X'7B7D');
CREATE TABLE spans (
	agent_id VARCHAR(63) NOT NULL, 
	service VARCHAR(63) NOT NULL, 
	check_id VARCHAR(63) NOT NULL, 
	start BIGINT NOT NULL, 
	"end" BIGINT, 
	klass VARCHAR(11) NOT NULL, 
	PRIMARY KEY (agent_id, check_id, service, start)
)
 WITHOUT ROWID

;
INSERT INTO "spans" VALUES('kept','web','home',1,NULL,'up');
CREATE TABLE suppressions (
	agent_id VARCHAR(63) NOT NULL, 
	kind VARCHAR(8) NOT NULL, 
	number INTEGER NOT NULL, 
	at BIGINT NOT NULL, 
	"match" TEXT NOT NULL, 
	start BIGINT NOT NULL, 
	"end" BIGINT NOT NULL, 
	reason TEXT NOT NULL, 
	"by" TEXT NOT NULL, 
	PRIMARY KEY (agent_id, kind, number, at)
);
INSERT INTO "suppressions" VALUES('kept','x',1,1,'x',1,1,'x','x');
CREATE TABLE ticket_events (
	agent_id VARCHAR(63) NOT NULL, 
	ticket INTEGER NOT NULL, 
	seq INTEGER NOT NULL, 
	at BIGINT NOT NULL, 
	"by" TEXT NOT NULL, 
	what VARCHAR(20) NOT NULL, 
	text TEXT NOT NULL, 
	PRIMARY KEY (agent_id, ticket, seq)
);
INSERT INTO "ticket_events" VALUES('kept',1,1,1,'x','x','x');
CREATE TABLE ticket_links (
	agent_id VARCHAR(63) NOT NULL, 
	ticket INTEGER NOT NULL, 
	relation VARCHAR(16) NOT NULL, 
	other INTEGER NOT NULL, 
	at BIGINT NOT NULL, 
	PRIMARY KEY (agent_id, ticket, relation, other)
);
INSERT INTO "ticket_links" VALUES('kept',1,'x',1,1);
CREATE TABLE tickets (
	agent_id VARCHAR(63) NOT NULL, 
	number INTEGER NOT NULL, 
	service VARCHAR(63) NOT NULL, 
	check_id VARCHAR(63) NOT NULL, 
	state VARCHAR(12) NOT NULL, 
	severity VARCHAR(8) NOT NULL, 
	priority VARCHAR(13) NOT NULL, 
	title TEXT NOT NULL, 
	description TEXT NOT NULL, 
	opened_at BIGINT NOT NULL, 
	acknowledged_at BIGINT, 
	resolved_at BIGINT, 
	closed_at BIGINT, 
	assignee TEXT, 
	tier INTEGER NOT NULL, 
	due TEXT NOT NULL, 
	version INTEGER NOT NULL, 
	PRIMARY KEY (agent_id, number)
);
INSERT INTO "tickets" VALUES('kept',1,'web','home','open','x','x','x','x',1,NULL,NULL,NULL,NULL,1,'x',1);
CREATE TABLE told_events (
	agent_id VARCHAR(63) NOT NULL, 
	service VARCHAR(63) NOT NULL, 
	at BIGINT NOT NULL, 
	klass VARCHAR(11) NOT NULL, 
	until BIGINT, 
	PRIMARY KEY (agent_id, service, at)
)
 WITHOUT ROWID

;
INSERT INTO "told_events" VALUES('kept','web',1,'up',NULL);
CREATE TABLE told_windows (
	agent_id VARCHAR(63) NOT NULL, 
	service VARCHAR(63) NOT NULL, 
	start BIGINT NOT NULL, 
	"end" BIGINT NOT NULL, 
	klass VARCHAR(11) NOT NULL, 
	PRIMARY KEY (agent_id, service, start, "end")
)
 WITHOUT ROWID

;
INSERT INTO "told_windows" VALUES('kept','web',1,1,'up');
CREATE UNIQUE INDEX one_open_incident ON incidents (agent_id, service, rule) WHERE state <> 'resolved';
CREATE INDEX readings_by_time ON readings (at);
CREATE INDEX decisions_of_a_rule ON decisions (agent_id, service, rule, at);
CREATE INDEX decisions_of_an_incident ON decisions (agent_id, incident);
CREATE INDEX changes_by_time ON changes (agent_id, at);
CREATE INDEX outbox_due ON outbox (agent_id, state, next_at);
COMMIT;
