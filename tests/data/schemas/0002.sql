BEGIN TRANSACTION;
CREATE TABLE agents (
	agent_id VARCHAR(63) NOT NULL, 
	started_at BIGINT NOT NULL, 
	alive_until BIGINT NOT NULL, 
	PRIMARY KEY (agent_id)
);
INSERT INTO "agents" VALUES('kept',1,1);
CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY);
INSERT INTO "alembic_version" VALUES('0002');
CREATE TABLE checks (
	agent_id VARCHAR(63) NOT NULL, 
	service VARCHAR(63) NOT NULL, 
	check_id VARCHAR(63) NOT NULL, 
	kind VARCHAR(63) NOT NULL, 
	state TEXT NOT NULL, 
	last TEXT NOT NULL, 
	memo TEXT, 
	PRIMARY KEY (agent_id, service, check_id)
);
INSERT INTO "checks" VALUES('kept','web','home','x','open','x',NULL);
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
);
INSERT INTO "flips" VALUES('kept','web','home',1,1,'x','x','x');
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
	reason TEXT NOT NULL, 
	PRIMARY KEY (agent_id, id), 
	UNIQUE (agent_id, service, rule, occurrence)
);
INSERT INTO "incidents" VALUES('kept',1,'web','x',1,'open','x','x',1,NULL,NULL,1,1,'x');
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
CREATE TABLE packed_readings (
	agent_id VARCHAR(63) NOT NULL, 
	service VARCHAR(63) NOT NULL, 
	check_id VARCHAR(63) NOT NULL, 
	hour BIGINT NOT NULL, 
	count INTEGER NOT NULL, 
	packed BLOB NOT NULL, 
	PRIMARY KEY (agent_id, service, check_id, hour)
);
INSERT INTO "packed_readings" VALUES('kept','web','home',1,1,X'7B7D');
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
CREATE TABLE spans (
	agent_id VARCHAR(63) NOT NULL, 
	service VARCHAR(63) NOT NULL, 
	check_id VARCHAR(63) NOT NULL, 
	start BIGINT NOT NULL, 
	"end" BIGINT, 
	klass VARCHAR(11) NOT NULL, 
	PRIMARY KEY (agent_id, service, check_id, start)
);
INSERT INTO "spans" VALUES('kept','web','home',1,NULL,'up');
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
CREATE INDEX spans_by_end ON spans (agent_id, "end");
CREATE INDEX readings_by_time ON readings (at);
COMMIT;
