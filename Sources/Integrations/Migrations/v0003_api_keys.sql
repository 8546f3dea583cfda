-- Why: API keys, their secrets, their rate limits and how often they were used.
--
-- A key is looked up by the digest of what a client presents, before anybody knows whose it is. So
-- the digest is the one unique constraint that does not start with tenant_id (256 random bits under
-- a keyed hash: a collision tells nothing), and verification has two narrow SECURITY DEFINER
-- functions of its own: find_api_key answers for one exact digest, and nobody can list with it;
-- charge_api_keys charges the limits of keys of several tenants in one transaction.
--
-- Lock order, for whoever writes here: the tenant's row, then keys by (tenant_id, id), then the
-- secrets of a locked key. Rows of api_key_limits by (tenant_id, key_id), in a transaction that
-- locks nothing else.

create table integrationd.api_keys (
  tenant_id uuid not null
    constraint api_keys_tenant references integrationd.tenants (id),
  -- Stays the same when the key is rotated: limits and counters belong to it.
  id uuid not null default gen_random_uuid(),
  key_name text not null
    check (char_length(key_name) between 1 and 200),
  environment text not null default 'production'
    check (environment in ('production', 'staging', 'development')),
  -- Empty: no restriction. The daemon checks the patterns and blocks before they get here.
  allowed_endpoints text[] not null default '{}'
    check (cardinality(allowed_endpoints) <= 100),
  allowed_ip_addresses text[] not null default '{}'
    check (cardinality(allowed_ip_addresses) <= 100),
  -- -1: no limit.
  rate_limit_per_minute integer not null default 60
    check (rate_limit_per_minute = -1 or rate_limit_per_minute between 1 and 1000000000),
  rate_limit_per_hour integer not null default 1000
    check (rate_limit_per_hour = -1 or rate_limit_per_hour between 1 and 1000000000),
  -- Allowed verifications, kept by record_api_key_usage.
  total_requests bigint not null default 0
    check (total_requests >= 0),
  last_used_at timestamptz,
  is_active boolean not null default true,
  expires_at timestamptz,
  last_rotated_at timestamptz,
  -- 0: no such wish.
  rotation_frequency_days integer not null default 0
    check (rotation_frequency_days between 0 and 3650),
  notes text not null default ''
    check (char_length(notes) <= 2000),
  -- Whether each secret of the key comes with a signing secret.
  has_api_secret boolean not null default false,
  revoked_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (tenant_id, id)
)
-- Usage updates two columns that no index holds: room on the page keeps them there.
with (fillfactor = 80);

comment on table integrationd.api_keys is
  'API keys of tenants. What clients present is in api_key_secrets, as a keyed digest.';

-- Serves ListApiKeys.
create index api_keys_by_age
on integrationd.api_keys (tenant_id, created_at desc, id desc);

-- Serves the count of keys that are not revoked, and listings that leave revoked ones out.
create index api_keys_live_by_age
on integrationd.api_keys (tenant_id, created_at desc, id desc)
where revoked_at is null;

create table integrationd.api_key_secrets (
  tenant_id uuid not null,
  key_id uuid not null,
  -- 1 for the first, one more at each rotation.
  version integer not null
    check (version > 0),
  -- The requirement's `api_key`: HMAC-SHA-256 with the pepper of that version, never the key itself.
  api_key_digest bytea not null
    check (octet_length(api_key_digest) = 32),
  pepper_version integer not null
    check (pepper_version > 0),
  -- To recognise it by: `sk_live_3fZk`, and the last four characters.
  prefix text not null
    check (char_length(prefix) between 1 and 16),
  last_four text not null
    check (char_length(last_four) = 4),
  -- Signing secret as an AES-256-GCM envelope bound to this row. Null: none, or erased at the end.
  api_secret bytea,
  created_at timestamptz not null default now(),
  -- When the grace period after a rotation ends. Null for the newest.
  expires_at timestamptz,
  -- When it was ended before that: by a rotation without grace, a second rotation or a revocation.
  -- The row stays, so that the secret is told EXPIRED or REVOKED and not NOT_FOUND.
  ended_at timestamptz,
  -- Kept by record_api_key_usage.
  last_used_at timestamptz,
  primary key (tenant_id, key_id, version),
  constraint api_key_secrets_key foreign key (tenant_id, key_id)
    references integrationd.api_keys (tenant_id, id) on delete cascade,
  check (ended_at is null or api_secret is null)
)
with (fillfactor = 80);

comment on table integrationd.api_key_secrets is
  'The secrets of API keys: keyed digests, and encrypted signing secrets.';

-- Serves find_api_key. Unique over all tenants on purpose, see the top of this file.
create unique index api_key_secrets_by_digest
on integrationd.api_key_secrets (api_key_digest);

-- What a key has admitted in its newest minute and hour. One row for each key, made with it, so
-- that charging never inserts.
create table integrationd.api_key_limits (
  tenant_id uuid not null,
  key_id uuid not null,
  minute_at timestamptz not null default '-infinity',
  minute_used bigint not null default 0
    check (minute_used >= 0),
  hour_at timestamptz not null default '-infinity',
  hour_used bigint not null default 0
    check (hour_used >= 0),
  primary key (tenant_id, key_id),
  constraint api_key_limits_key foreign key (tenant_id, key_id)
    references integrationd.api_keys (tenant_id, id) on delete cascade
)
-- Updated at every charge; half-empty pages keep the new versions beside the old.
with (fillfactor = 50);

comment on table integrationd.api_key_limits is
  'What each API key has admitted in its newest minute and hour of UTC.';

-- How often each decision was made, by hour.
create table integrationd.api_key_usage (
  tenant_id uuid not null,
  key_id uuid not null,
  -- Begin of an hour of UTC.
  hour timestamptz not null,
  secret_version integer not null,
  -- integration.v1.VerificationCode.
  code integer not null
    check (code > 0),
  count bigint not null
    check (count > 0),
  -- In the order of GetApiKeyUsage, which it serves.
  primary key (tenant_id, key_id, hour, secret_version, code),
  constraint api_key_usage_key foreign key (tenant_id, key_id)
    references integrationd.api_keys (tenant_id, id) on delete cascade
)
with (fillfactor = 80);

comment on table integrationd.api_key_usage is
  'Verifications of API keys by hour, secret and decision.';

-- The newest batch of counts of each run of a daemon, so that a batch whose reply was lost can be
-- sent again without being counted again.
create table integrationd.api_key_usage_batches (
  -- Random, one for each run of a daemon.
  epoch uuid primary key,
  sequence bigint not null
    check (sequence > 0),
  recorded_at timestamptz not null default now()
);

comment on table integrationd.api_key_usage_batches is
  'Which batches of usage counts have been recorded; belongs to no tenant.';

alter table integrationd.api_keys enable row level security;

alter table integrationd.api_keys force row level security;

alter table integrationd.api_key_secrets enable row level security;

alter table integrationd.api_key_secrets force row level security;

alter table integrationd.api_key_limits enable row level security;

alter table integrationd.api_key_limits force row level security;

alter table integrationd.api_key_usage enable row level security;

alter table integrationd.api_key_usage force row level security;

alter table integrationd.api_key_usage_batches enable row level security;

alter table integrationd.api_key_usage_batches force row level security;

create policy app_tenant
on integrationd.api_keys
to integrationd_app
using (tenant_id = integrationd.current_tenant())
with check (tenant_id = integrationd.current_tenant());

create policy app_tenant
on integrationd.api_key_secrets
to integrationd_app
using (tenant_id = integrationd.current_tenant())
with check (tenant_id = integrationd.current_tenant());

create policy app_tenant
on integrationd.api_key_limits
for insert
to integrationd_app
with check (tenant_id = integrationd.current_tenant());

create policy app_tenant
on integrationd.api_key_usage
for select
to integrationd_app
using (tenant_id = integrationd.current_tenant());

grant select, insert, update on integrationd.api_keys to integrationd_app;

grant select, insert, update on integrationd.api_key_secrets to integrationd_app;

-- A row is made with its key; only charge_api_keys changes it.
grant insert on integrationd.api_key_limits to integrationd_app;

grant select on integrationd.api_key_usage to integrationd_app;

-- The worker records usage of all tenants, and reads and writes nothing else of a key.
create policy worker_usage
on integrationd.api_keys
for select
to integrationd_worker
using (true);

create policy worker_usage_update
on integrationd.api_keys
for update
to integrationd_worker
using (true);

create policy worker_usage
on integrationd.api_key_secrets
for select
to integrationd_worker
using (true);

create policy worker_usage_update
on integrationd.api_key_secrets
for update
to integrationd_worker
using (true);

create policy worker_usage
on integrationd.api_key_usage
to integrationd_worker
using (true)
with check (true);

create policy worker_batches
on integrationd.api_key_usage_batches
to integrationd_worker
using (true)
with check (true);

grant select (tenant_id, id, total_requests, last_used_at),
  update (total_requests, last_used_at)
on integrationd.api_keys to integrationd_worker;

grant select (tenant_id, key_id, version, last_used_at),
  update (last_used_at)
on integrationd.api_key_secrets to integrationd_worker;

grant select, insert, update on integrationd.api_key_usage to integrationd_worker;

grant select, insert, update, delete
on integrationd.api_key_usage_batches to integrationd_worker;

-- The owner sees these rows only inside the two functions, which make this setting for themselves.
create policy owner_verifying
on integrationd.api_key_secrets
for select
to current_user
using (current_setting('integrationd.verifying', true) = 'on');

create policy owner_verifying
on integrationd.api_keys
for select
to current_user
using (current_setting('integrationd.verifying', true) = 'on');

create policy owner_verifying
on integrationd.tenants
for select
to current_user
using (current_setting('integrationd.verifying', true) = 'on');

create policy owner_verifying
on integrationd.api_key_limits
for select
to current_user
using (current_setting('integrationd.verifying', true) = 'on');

create policy owner_verifying_update
on integrationd.api_key_limits
for update
to current_user
using (current_setting('integrationd.verifying', true) = 'on');

-- The secret with one of these digests (one for each pepper of the keyring), its key and its
-- tenant: all that a verification asks about before it charges. At most one row.
create function integrationd.find_api_key(digests bytea[])
returns table (
  tenant_id uuid,
  key_id uuid,
  secret_version integer,
  api_key_digest bytea,
  pepper_version integer,
  api_secret bytea,
  secret_expires_at timestamptz,
  secret_has_ended boolean,
  newest_version integer,
  key_name text,
  environment text,
  allowed_endpoints text[],
  allowed_ip_addresses text[],
  has_limits boolean,
  is_active boolean,
  is_revoked boolean,
  key_expires_at timestamptz,
  tenant_is_suspended boolean,
  found_at timestamptz
)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
-- Planning costs seven times what the lookup does, and one digest is as good as another.
set plan_cache_mode = force_generic_plan
as $function$
#variable_conflict use_column
begin
  perform set_config('integrationd.verifying', 'on', true);

  return query
  select
    s.tenant_id,
    s.key_id,
    s.version,
    s.api_key_digest,
    s.pepper_version,
    s.api_secret,
    s.expires_at,
    s.ended_at is not null,
    (
      select max(newest.version)
      from integrationd.api_key_secrets as newest
      where newest.tenant_id = s.tenant_id
        and newest.key_id = s.key_id
    ),
    k.key_name,
    k.environment,
    k.allowed_endpoints,
    k.allowed_ip_addresses,
    k.rate_limit_per_minute <> -1 or k.rate_limit_per_hour <> -1,
    k.is_active,
    k.revoked_at is not null,
    k.expires_at,
    t.state = 'suspended',
    clock_timestamp()
  from integrationd.api_key_secrets as s
  join integrationd.api_keys as k on k.tenant_id = s.tenant_id and k.id = s.key_id
  join integrationd.tenants as t on t.id = s.tenant_id
  where s.api_key_digest = any (digests);

  perform set_config('integrationd.verifying', '', true);
end
$function$;

revoke all on function integrationd.find_api_key(bytea[]) from public;

grant execute on function integrationd.find_api_key(bytea[]) to integrationd_app;

-- Charges verifications of several keys, those of a key in their order, against its minute and its
-- hour together.
--
-- Each cost is decided as if it had come alone: admitted when both windows have room, then charged
-- to both; else refused, charging neither. A negative cost is decided and never charged. Answers
-- with integration.v1.VerificationCode (1 allowed, 14 minute, 15 hour, 16 cost exceeds a limit) and
-- what the windows have admitted after each.
--
-- Exact over all daemons: a key's row is locked first and the clock read after, so its charges have
-- one order, and their times are in that order. The windows are the UTC minutes and hours of this
-- server's clock and never go back, even if the clock does. Where nothing can be admitted, no lock
-- is taken and nothing is written: within a window, what is admitted only grows.
--
-- of_tenants, of_keys: each key once. firsts, lasts: its part of costs, counted from 1.
-- decide_at: the time to decide by instead of the clock, for tests.
-- Answers with a row for each key that exists; ordinal is its place in of_keys, counted from 1.
create function integrationd.charge_api_keys(
  of_tenants uuid[],
  of_keys uuid[],
  firsts bigint[],
  lasts bigint[],
  costs bigint[],
  decide_at timestamptz
)
returns table (
  ordinal bigint,
  decided_at timestamptz,
  minute_limit integer,
  minute_ends_at timestamptz,
  hour_limit integer,
  hour_ends_at timestamptz,
  codes bigint[],
  minutes_used bigint[],
  hours_used bigint[]
)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
as $function$
declare
  undecided bigint[];
  to_lock bigint[] := '{}';
  is_locked boolean := false;
  is_charged boolean;
  found_key record;
  cost bigint;
  code bigint;
  this_minute timestamptz;
  used_in_minute bigint;
  this_hour timestamptz;
  used_in_hour bigint;
  charged_tenants uuid[] := '{}';
  charged_keys uuid[] := '{}';
  charged_minutes timestamptz[] := '{}';
  charged_in_minutes bigint[] := '{}';
  charged_hours timestamptz[] := '{}';
  charged_in_hours bigint[] := '{}';
begin
  perform set_config('integrationd.verifying', 'on', true);
  undecided := array(select generate_subscripts(of_keys, 1));

  -- Twice at most: all keys without locks, then those that have something to charge, locked. Under
  -- the locks the query is a new one, so it sees what the last holders committed.
  loop
    for found_key in
      select
        asked.ordinal, asked.tenant_id, asked.key_id, asked.first, asked.last,
        k.rate_limit_per_minute, k.rate_limit_per_hour,
        l.minute_at, l.minute_used, l.hour_at, l.hour_used
      from unnest(of_tenants, of_keys, firsts, lasts)
        with ordinality as asked (tenant_id, key_id, first, last, ordinal)
      join integrationd.api_keys as k
        on k.tenant_id = asked.tenant_id and k.id = asked.key_id
      join integrationd.api_key_limits as l
        on l.tenant_id = asked.tenant_id and l.key_id = asked.key_id
      where asked.ordinal = any (undecided)
    loop
      ordinal := found_key.ordinal;
      minute_limit := found_key.rate_limit_per_minute;
      hour_limit := found_key.rate_limit_per_hour;
      this_minute := found_key.minute_at;
      used_in_minute := found_key.minute_used;
      this_hour := found_key.hour_at;
      used_in_hour := found_key.hour_used;
      decided_at := coalesce(decide_at, clock_timestamp());

      if date_trunc('minute', decided_at, 'UTC') > this_minute then
        this_minute := date_trunc('minute', decided_at, 'UTC');
        used_in_minute := 0;
      end if;

      if date_trunc('hour', decided_at, 'UTC') > this_hour then
        this_hour := date_trunc('hour', decided_at, 'UTC');
        used_in_hour := 0;
      end if;

      codes := '{}';
      minutes_used := '{}';
      hours_used := '{}';
      is_charged := false;

      foreach cost in array costs[found_key.first:found_key.last] loop
        if (minute_limit >= 0 and abs(cost) > minute_limit)
          or (hour_limit >= 0 and abs(cost) > hour_limit) then
          code := 16;
        elsif minute_limit >= 0 and used_in_minute + abs(cost) > minute_limit then
          code := 14;
        elsif hour_limit >= 0 and used_in_hour + abs(cost) > hour_limit then
          code := 15;
        else
          code := 1;

          if cost > 0 then
            is_charged := true;
            exit when not is_locked;
            used_in_minute := used_in_minute + cost;
            used_in_hour := used_in_hour + cost;
          end if;
        end if;

        codes := codes || code;
        minutes_used := minutes_used || used_in_minute;
        hours_used := hours_used || used_in_hour;
      end loop;

      if is_charged and not is_locked then
        to_lock := to_lock || ordinal;
        continue;
      end if;

      if is_charged then
        charged_tenants := charged_tenants || found_key.tenant_id;
        charged_keys := charged_keys || found_key.key_id;
        charged_minutes := charged_minutes || this_minute;
        charged_in_minutes := charged_in_minutes || used_in_minute;
        charged_hours := charged_hours || this_hour;
        charged_in_hours := charged_in_hours || used_in_hour;
      end if;

      minute_ends_at := this_minute + interval '1 minute';
      hour_ends_at := this_hour + interval '1 hour';
      return next;
    end loop;

    exit when is_locked or to_lock = '{}';

    perform
    from integrationd.api_key_limits as l
    where (l.tenant_id, l.key_id) in (
      select asked.tenant_id, asked.key_id
      from unnest(of_tenants, of_keys) with ordinality as asked (tenant_id, key_id, ordinal)
      where asked.ordinal = any (to_lock)
    )
    order by l.tenant_id, l.key_id
    for no key update;

    is_locked := true;
    undecided := to_lock;
  end loop;

  if charged_keys <> '{}' then
    update integrationd.api_key_limits as l
    set minute_at = c.minute_at,
      minute_used = c.minute_used,
      hour_at = c.hour_at,
      hour_used = c.hour_used
    from unnest(
      charged_tenants, charged_keys, charged_minutes, charged_in_minutes, charged_hours,
      charged_in_hours
    ) as c (tenant_id, key_id, minute_at, minute_used, hour_at, hour_used)
    where l.tenant_id = c.tenant_id
      and l.key_id = c.key_id;
  end if;

  perform set_config('integrationd.verifying', '', true);
end
$function$;

revoke all on function integrationd.charge_api_keys(
  uuid[], uuid[], bigint[], bigint[], bigint[], timestamptz
) from public;

grant execute on function integrationd.charge_api_keys(
  uuid[], uuid[], bigint[], bigint[], bigint[], timestamptz
) to integrationd_app;

-- Records one batch of counts, once: false when this batch of this epoch was recorded before.
-- The arrays are columns of one table, a row for each counter; times are Unix microseconds.
-- used_at: when the secret was last allowed, 0 where it was not. Counters of keys that are gone are
-- left out.
create function integrationd.record_api_key_usage(
  of_epoch uuid,
  batch_sequence bigint,
  tenant_ids uuid[],
  key_ids uuid[],
  secret_versions bigint[],
  hours bigint[],
  codes bigint[],
  counts bigint[],
  used_at bigint[]
)
returns boolean
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $function$
begin
  insert into integrationd.api_key_usage_batches as b (epoch, sequence)
  values (of_epoch, batch_sequence)
  on conflict (epoch) do update
  set sequence = excluded.sequence,
    recorded_at = excluded.recorded_at
  where b.sequence < excluded.sequence;

  if not found then
    return false;
  end if;

  -- One order of locks for all daemons.
  perform
  from integrationd.api_keys as k
  where (k.tenant_id, k.id) in (select t, i from unnest(tenant_ids, key_ids) as key (t, i))
  order by k.tenant_id, k.id
  for no key update;

  insert into integrationd.api_key_usage as u
    (tenant_id, key_id, hour, secret_version, code, count)
  select
    n.tenant_id, n.key_id, timestamptz 'epoch' + n.hour * interval '1 microsecond',
    n.secret_version, n.code, n.count
  from unnest(tenant_ids, key_ids, hours, secret_versions, codes, counts)
    as n (tenant_id, key_id, hour, secret_version, code, count)
  join integrationd.api_keys as k on k.tenant_id = n.tenant_id and k.id = n.key_id
  order by n.tenant_id, n.key_id, n.hour, n.secret_version, n.code
  on conflict (tenant_id, key_id, hour, secret_version, code) do update
  set count = u.count + excluded.count;

  update integrationd.api_keys as k
  set total_requests = k.total_requests + n.allowed,
    last_used_at = greatest(
      k.last_used_at, timestamptz 'epoch' + n.used_at * interval '1 microsecond')
  from (
    select c.tenant_id, c.key_id, sum(c.count) as allowed, max(c.used_at) as used_at
    from unnest(tenant_ids, key_ids, codes, counts, used_at)
      as c (tenant_id, key_id, code, count, used_at)
    where c.code = 1
    group by c.tenant_id, c.key_id
  ) as n
  where k.tenant_id = n.tenant_id
    and k.id = n.key_id;

  update integrationd.api_key_secrets as s
  set last_used_at = greatest(
    s.last_used_at, timestamptz 'epoch' + n.used_at * interval '1 microsecond')
  from (
    select c.tenant_id, c.key_id, c.secret_version, max(c.used_at) as used_at
    from unnest(tenant_ids, key_ids, secret_versions, codes, used_at)
      as c (tenant_id, key_id, secret_version, code, used_at)
    where c.code = 1
    group by c.tenant_id, c.key_id, c.secret_version
  ) as n
  where s.tenant_id = n.tenant_id
    and s.key_id = n.key_id
    and s.version = n.secret_version;

  -- Runs that ended long ago send nothing again.
  if batch_sequence = 1 then
    delete from integrationd.api_key_usage_batches as b
    where b.recorded_at < now() - interval '30 days';
  end if;

  return true;
end
$function$;

revoke all on function integrationd.record_api_key_usage(
  uuid, bigint, uuid[], uuid[], bigint[], bigint[], bigint[], bigint[], bigint[]
) from public;

grant execute on function integrationd.record_api_key_usage(
  uuid, bigint, uuid[], uuid[], bigint[], bigint[], bigint[], bigint[], bigint[]
) to integrationd_worker;
