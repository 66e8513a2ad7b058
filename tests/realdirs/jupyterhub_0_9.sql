-- A JupyterHub database as version 0.9 left it (revision 99a28a4418e1), with a few rows. JupyterHub's directory starts from
-- tables the program itself has created, so a run over it needs this beginning. Written for PostgreSQL and SQLite alike.
CREATE TABLE servers (
    id INTEGER PRIMARY KEY,
    proto VARCHAR(15),
    ip VARCHAR(255),
    port INTEGER,
    base_url VARCHAR(255),
    cookie_name VARCHAR(255)
);
CREATE TABLE users (
    id INTEGER PRIMARY KEY,
    name VARCHAR(255) UNIQUE,
    admin BOOLEAN,
    created TIMESTAMP,
    last_activity TIMESTAMP,
    cookie_id VARCHAR(255) NOT NULL UNIQUE,
    state TEXT,
    encrypted_auth_state TEXT
);
CREATE TABLE groups (id INTEGER PRIMARY KEY, name VARCHAR(255) UNIQUE);
CREATE TABLE user_group_map (
    user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    group_id INTEGER NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    PRIMARY KEY (user_id, group_id)
);
CREATE TABLE services (
    id INTEGER PRIMARY KEY,
    name VARCHAR(255) UNIQUE,
    admin BOOLEAN,
    _server_id INTEGER REFERENCES servers (id) ON DELETE SET NULL,
    pid INTEGER
);
CREATE TABLE spawners (
    id INTEGER PRIMARY KEY,
    user_id INTEGER REFERENCES users (id) ON DELETE CASCADE,
    server_id INTEGER REFERENCES servers (id) ON DELETE SET NULL,
    state TEXT,
    name VARCHAR(255),
    started TIMESTAMP,
    last_activity TIMESTAMP
);
CREATE TABLE oauth_clients (
    id INTEGER PRIMARY KEY,
    identifier VARCHAR(255) UNIQUE,
    secret VARCHAR(255),
    redirect_uri VARCHAR(1023)
);
CREATE TABLE oauth_codes (
    id INTEGER PRIMARY KEY,
    client_id VARCHAR(255) REFERENCES oauth_clients (identifier) ON DELETE CASCADE,
    code VARCHAR(36),
    expires_at INTEGER,
    redirect_uri VARCHAR(1023),
    session_id VARCHAR(255),
    user_id INTEGER REFERENCES users (id) ON DELETE CASCADE
);
CREATE TABLE oauth_access_tokens (
    id INTEGER PRIMARY KEY,
    client_id VARCHAR(255) REFERENCES oauth_clients (identifier) ON DELETE CASCADE,
    grant_type VARCHAR(18) NOT NULL,
    expires_at INTEGER,
    refresh_token VARCHAR(255),
    refresh_expires_at INTEGER,
    user_id INTEGER REFERENCES users (id) ON DELETE CASCADE,
    session_id VARCHAR(255),
    hashed VARCHAR(255) UNIQUE,
    prefix VARCHAR(16),
    created TIMESTAMP,
    last_activity TIMESTAMP
);
CREATE TABLE api_tokens (
    id INTEGER PRIMARY KEY,
    user_id INTEGER REFERENCES users (id) ON DELETE CASCADE,
    service_id INTEGER REFERENCES services (id) ON DELETE CASCADE,
    hashed VARCHAR(255) UNIQUE,
    prefix VARCHAR(16),
    note VARCHAR(1023),
    created TIMESTAMP,
    last_activity TIMESTAMP
);
INSERT INTO users (id, name, admin, cookie_id) VALUES (1, 'ada', true, 'c1');
INSERT INTO users (id, name, admin, cookie_id) VALUES (2, 'grace', false, 'c2');
INSERT INTO groups (id, name) VALUES (1, 'physics');
INSERT INTO user_group_map (user_id, group_id) VALUES (2, 1);
INSERT INTO services (id, name, admin) VALUES (1, 'cull-idle', true);
INSERT INTO spawners (id, user_id, name) VALUES (1, 1, '');
INSERT INTO oauth_clients (id, identifier, redirect_uri) VALUES (1, 'jupyterhub', '/hub/');
INSERT INTO api_tokens (id, user_id, hashed, prefix) VALUES (1, 1, 'sha512:1:00', '0001');
CREATE TABLE alembic_version (
    version_num VARCHAR(32) NOT NULL,
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO alembic_version (version_num) VALUES ('99a28a4418e1');
