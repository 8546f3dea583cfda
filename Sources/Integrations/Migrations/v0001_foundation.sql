-- Why: everything else stands on these. The schema, what the two roles of the daemon may do in it,
-- the function that every row policy asks for the tenant, the memory of requests that may be
-- repeated, and which keyring the data was written with.
--
-- Roles (made before migrations run, because they belong to the whole cluster):
--   integrationd_app     answers calls; sees the rows of one tenant, the one its transaction names.
--   integrationd_worker  background work; sees what a policy of its own lets it see.
-- Neither owns anything or bypasses row level security; the daemon checks that when it starts.

create schema if not exists integrationd;

revoke all on schema integrationd from public;

grant usage on schema integrationd to integrationd_app, integrationd_worker;

-- The tenant of this transaction. Raises when none was named: `current_setting` fails for a setting
-- that was never made (42704), the cast for one that a finished transaction left empty (22P02), so
-- that a forgotten tenant can never read as "no filter".
-- One expression and no SET clause: the planner puts it into each policy and can use an index.
create function integrationd.current_tenant()
returns uuid
language sql
stable
parallel safe
return current_setting('integrationd.tenant_id')::uuid;

comment on function integrationd.current_tenant() is
  'Tenant of the transaction, from integrationd.tenant_id; raises when it is missing or empty.';

revoke all on function integrationd.current_tenant() from public;

grant execute on function integrationd.current_tenant() to integrationd_app, integrationd_worker;

-- Requests with an idempotency key, and the answer they got. The row is written by the transaction
-- that makes the change, so the one is there exactly when the other is.
create table integrationd.idempotent_requests (
  -- The tenant, or the nil UUID for calls that belong to none (CreateTenant). No foreign key: the
  -- row lives 24 hours, and a tenant that goes away must not be held by it.
  tenant_id uuid not null,
  -- Name of the caller in the access policy: nobody can fetch another caller's answer.
  caller text not null
    check (char_length(caller) between 1 and 200),
  idempotency_key text not null
    check (idempotency_key ~ '^[!-~]{1,255}$'),
  -- As in integration.v1.TenantService/CreateTenant. For people who read the table.
  method text not null,
  -- AES-256-GCM envelope of the request's digest and the answer, bound to this row: an answer may
  -- hold a secret that is kept nowhere else. Null only inside the transaction that claims the key.
  response bytea,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null default now() + interval '24 hours',
  primary key (tenant_id, caller, idempotency_key),
  check (expires_at > created_at)
);

comment on table integrationd.idempotent_requests is
  'Answers of requests with an idempotency key, for 24 hours.';

-- Serves the purge of expired rows.
create index idempotent_requests_by_expiry
on integrationd.idempotent_requests (expires_at);

alter table integrationd.idempotent_requests enable row level security;

alter table integrationd.idempotent_requests force row level security;

create policy app_tenant
on integrationd.idempotent_requests
to integrationd_app
using (tenant_id = integrationd.current_tenant())
with check (tenant_id = integrationd.current_tenant());

-- The worker purges, and sees nothing that is still of use.
create policy worker_expired
on integrationd.idempotent_requests
for select
to integrationd_worker
using (expires_at <= now());

create policy worker_purge
on integrationd.idempotent_requests
for delete
to integrationd_worker
using (expires_at <= now());

grant select, insert, update on integrationd.idempotent_requests to integrationd_app;

-- The worker reads no answers, not even expired ones.
grant select (tenant_id, caller, idempotency_key, expires_at), delete
on integrationd.idempotent_requests to integrationd_worker;

-- Which keys of the keyring this database's data was written with. A fingerprint tells nothing of
-- its key. A daemon that starts with another keyring is told so before it refuses every API key.
create table integrationd.keyring_fingerprints (
  -- What the key is for, as in `pepper` or `envelope`.
  purpose text not null
    check (purpose ~ '^[a-z_]{1,40}$'),
  version integer not null
    check (version > 0),
  fingerprint bytea not null
    check (octet_length(fingerprint) between 8 and 64),
  first_used_at timestamptz not null default now(),
  primary key (purpose, version)
);

comment on table integrationd.keyring_fingerprints is
  'Fingerprints of the keys that data was written with; belongs to no tenant.';

alter table integrationd.keyring_fingerprints enable row level security;

alter table integrationd.keyring_fingerprints force row level security;

create policy worker_read
on integrationd.keyring_fingerprints
for select
to integrationd_worker
using (true);

create policy worker_add
on integrationd.keyring_fingerprints
for insert
to integrationd_worker
with check (true);

grant select, insert on integrationd.keyring_fingerprints to integrationd_worker;
