-- Why: webhooks, the events they subscribe to, the deliveries that are owed, and the log of every
-- attempt. An accepted event and its deliveries are rows of one transaction: there is no second
-- place where one of them could get lost.
--
-- Lock order, for whoever writes here: a webhook's row, then deliveries by (tenant_id, id), then their
-- log, then statistics by (tenant_id, webhook_id). Claims and purges skip deliveries that are locked.

create table integrationd.event_types (
  tenant_id uuid not null
    constraint event_types_tenant references integrationd.tenants (id),
  event_type text not null
    check (event_type ~ '^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$' and char_length(event_type) <= 128),
  description text not null default ''
    check (char_length(description) <= 2000),
  -- A JSON Schema, byte for byte. Null: payloads are not checked.
  schema bytea
    check (octet_length(schema) between 1 and 65536),
  is_archived boolean not null default false,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  -- In the order of ListEventTypes, which it serves.
  primary key (tenant_id, event_type)
);

comment on table integrationd.event_types is
  'The catalogue of event types of each tenant.';

create table integrationd.webhooks (
  tenant_id uuid not null
    constraint webhooks_tenant references integrationd.tenants (id),
  id uuid not null default gen_random_uuid(),
  webhook_name text not null
    check (char_length(webhook_name) between 1 and 200),
  webhook_url text not null
    check (octet_length(webhook_url) between 1 and 2048),
  subscribed_events text[] not null
    check (cardinality(subscribed_events) between 1 and 100),
  auth_type text not null
    check (auth_type in ('none', 'basic', 'bearer', 'hmac')),
  signature_profile text not null default ''
    check ((signature_profile <> '') = (auth_type = 'hmac')),
  signature_header text not null default ''
    check (char_length(signature_header) <= 64),
  -- AES-256-GCM envelope bound to tenant, row and revision: the password, the token, every signing
  -- secret with its lifetime, and the requirement's custom_headers, whose values often are secrets.
  auth_credentials bytea not null,
  http_method text not null default 'POST'
    check (http_method in ('POST', 'PUT', 'PATCH')),
  timeout_ms integer not null default 15000
    check (timeout_ms between 1000 and 30000),
  retry_enabled boolean not null default true,
  max_retries integer not null default 3
    check (max_retries between 1 and 50),
  retry_delay_ms bigint not null default 60000
    check (retry_delay_ms between 1000 and 604800000),
  -- Empty: max_retries times retry_delay_ms.
  retry_preset text not null default ''
    check (retry_preset in ('', 'standard', 'fast', 'custom')),
  -- For custom, each from the try before.
  retry_delays_ms bigint[] not null default '{}'
    check ((cardinality(retry_delays_ms) > 0) = (retry_preset = 'custom')),
  retry_jitter_percent integer not null default 0
    check (retry_jitter_percent between 0 and 50),
  -- Three numbers a rule: first status, last status, action (integration.v1.WebhookStatusAction).
  retry_status_rules bigint[] not null default '{}'
    check (cardinality(retry_status_rules) % 3 = 0 and cardinality(retry_status_rules) <= 60),
  is_active boolean not null default true,
  -- Why it is not active, when the receiver caused it.
  disabled_reason text not null default ''
    check (disabled_reason = '' or not is_active),
  -- One more at every change: whoever holds a copy asks whether it is still the newest.
  revision bigint not null default 1,
  -- Deleted for everybody, and not yet purged with its deliveries and their log.
  deleted_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (tenant_id, id),
  check (deleted_at is null or not is_active)
);

comment on table integrationd.webhooks is
  'Where customers of tenants want to be told of events.';

-- Serves ListWebhooks and the count of a tenant's webhooks.
create index webhooks_by_age
on integrationd.webhooks (tenant_id, created_at desc, id desc)
where deleted_at is null;

-- Serves the purge of deleted webhooks.
create index webhooks_deleted
on integrationd.webhooks (deleted_at)
where deleted_at is not null;

-- The counters of a webhook, apart from it: they change with every attempt, its settings do not.
create table integrationd.webhook_statistics (
  tenant_id uuid not null,
  webhook_id uuid not null,
  -- The sum of the two below.
  total_deliveries bigint not null default 0,
  -- Rows of the log with delivery_status success, and failed.
  successful_deliveries bigint not null default 0,
  failed_deliveries bigint not null default 0,
  -- Rows of the log.
  total_attempts bigint not null default 0,
  last_delivery_at timestamptz,
  last_delivery_status text
    check (last_delivery_status in ('success', 'failed', 'pending_retry')),
  primary key (tenant_id, webhook_id),
  constraint webhook_statistics_webhook foreign key (tenant_id, webhook_id)
    references integrationd.webhooks (tenant_id, id) on delete cascade,
  check (total_deliveries = successful_deliveries + failed_deliveries),
  check (total_attempts >= total_deliveries)
)
with (fillfactor = 20);

comment on table integrationd.webhook_statistics is
  'Counters of webhooks; change in the transaction that changes the log.';

create table integrationd.events (
  tenant_id uuid not null
    constraint events_tenant references integrationd.tenants (id),
  -- Also the requests' webhook-id.
  id uuid not null,
  event_type text not null
    check (event_type ~ '^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$' and char_length(event_type) <= 128),
  -- The payload, byte for byte: jsonb would reorder it.
  event_data bytea not null
    check (octet_length(event_data) between 1 and 262144),
  idempotency_key text
    check (idempotency_key ~ '^[!-~]{1,255}$'),
  created_at timestamptz not null default now(),
  primary key (tenant_id, id)
);

comment on table integrationd.events is
  'What happened, as published.';

-- Makes publishing idempotent.
create unique index events_by_key
on integrationd.events (tenant_id, idempotency_key)
where idempotency_key is not null;

-- Serves ListEvents.
create index events_by_age
on integrationd.events (tenant_id, created_at desc, id desc);

-- Serves the purge of old events: rows arrive in the order of their age, and this costs a publisher
-- nothing.
create index events_by_time
on integrationd.events using brin (created_at);

create table integrationd.webhook_deliveries (
  tenant_id uuid not null,
  id uuid not null default gen_random_uuid(),
  webhook_id uuid not null,
  event_id uuid not null,
  state text not null default 'pending'
    check (state in ('pending', 'succeeded', 'failed', 'cancelled')),
  -- When it is next tried. Stays while an attempt is on its way: what a claim changes is in no index.
  due_at timestamptz not null default now(),
  -- The attempt on its way, written before its request leaves. Null, all five: none is.
  --
  -- The claim that has the lease, and the fence: only who has it may say how the attempt ended.
  lease_token uuid,
  -- From then on another claim may take over: a crash needs no sweeper.
  lease_ends_at timestamptz,
  attempt_started_at timestamptz,
  attempt_url text,
  attempt_method text,
  -- Attempts so far, the one on its way included.
  attempts integer not null default 0
    check (attempts >= 0),
  -- Those that count against the retry policy.
  attempts_spent integer not null default 0
    check (attempts_spent between 0 and attempts),
  -- Faults of our own in a row.
  own_faults integer not null default 0
    check (own_faults >= 0),
  failure text not null default ''
    check (failure = '' or state = 'failed'),
  -- Made by TestWebhook: one attempt, whatever the policy.
  is_test boolean not null default false,
  created_at timestamptz not null default now(),
  ended_at timestamptz,
  primary key (tenant_id, id),
  constraint webhook_deliveries_webhook foreign key (tenant_id, webhook_id)
    references integrationd.webhooks (tenant_id, id) on delete cascade,
  constraint webhook_deliveries_event foreign key (tenant_id, event_id)
    references integrationd.events (tenant_id, id) on delete cascade,
  check ((state = 'pending') = (ended_at is null)),
  check (state = 'pending' or lease_token is null),
  check (
    num_nulls(lease_token, lease_ends_at, attempt_started_at, attempt_url, attempt_method) in (0, 5))
)
-- Room for the claim's new version of a row beside the old one.
with (fillfactor = 60);

comment on table integrationd.webhook_deliveries is
  'What is owed to webhooks, and what became of it. A delivery that ended never changes again.';

-- The queue: a lane for each webhook. Serves the claim, the search for lanes with work, and the
-- list of what is owed to a webhook.
create index webhook_deliveries_due
on integrationd.webhook_deliveries (tenant_id, webhook_id, due_at)
where state = 'pending';

-- Serves the deliveries of an event, and its purge.
create index webhook_deliveries_by_event
on integrationd.webhook_deliveries (tenant_id, event_id);

-- Every attempt that has ended. A row is added with the delivery's change in one transaction, and
-- never changes; it goes with its delivery, whose row is locked when one is added. A foreign key would
-- only say so again, at a tenth of what an attempt costs PostgreSQL.
create table integrationd.webhook_delivery_logs (
  tenant_id uuid not null,
  delivery_id uuid not null,
  attempt_number integer not null
    check (attempt_number > 0),
  webhook_id uuid not null,
  event_id uuid not null,
  event_type text not null,
  -- The requirement's event_data and request_body are the event's event_data, byte for byte, and
  -- are not stored again.
  request_url text not null,
  request_method text not null,
  -- `name: value` lines, credentials masked.
  request_headers text,
  response_status_code integer
    check (response_status_code between 100 and 999),
  response_headers text,
  -- The first 16 KiB.
  response_body bytea
    check (octet_length(response_body) <= 16384),
  response_truncated boolean not null default false,
  response_time_ms double precision,
  delivery_status text not null
    check (delivery_status in ('success', 'failed', 'pending_retry')),
  -- Why it failed, as in integration.v1.AttemptCause. 0: it did not.
  cause integer not null default 0,
  error_message text not null default '',
  peer_address text,
  resolve_us integer,
  connect_us integer,
  tls_us integer,
  first_byte_us integer,
  -- When the attempt ended.
  delivered_at timestamptz not null,
  next_retry_at timestamptz,
  -- When the attempt began.
  created_at timestamptz not null,
  primary key (tenant_id, delivery_id, attempt_number),
  check ((delivery_status = 'pending_retry') = (next_retry_at is not null))
);

comment on table integrationd.webhook_delivery_logs is
  'Every attempt to deliver that has ended, with its request and response.';

-- Serves the log of a webhook.
create index webhook_delivery_logs_by_webhook
on integrationd.webhook_delivery_logs (tenant_id, webhook_id, created_at desc, delivery_id desc);

-- Serves the log by status, and without a filter as the merge of the three statuses.
create index webhook_delivery_logs_by_status
on integrationd.webhook_delivery_logs
  (tenant_id, delivery_status, created_at desc, delivery_id desc);

-- Row level security ------------------------------------------------------------------------------

alter table integrationd.event_types enable row level security;

alter table integrationd.event_types force row level security;

alter table integrationd.webhooks enable row level security;

alter table integrationd.webhooks force row level security;

alter table integrationd.webhook_statistics enable row level security;

alter table integrationd.webhook_statistics force row level security;

alter table integrationd.events enable row level security;

alter table integrationd.events force row level security;

alter table integrationd.webhook_deliveries enable row level security;

alter table integrationd.webhook_deliveries force row level security;

alter table integrationd.webhook_delivery_logs enable row level security;

alter table integrationd.webhook_delivery_logs force row level security;

create policy app_tenant
on integrationd.event_types
to integrationd_app
using (tenant_id = integrationd.current_tenant())
with check (tenant_id = integrationd.current_tenant());

create policy app_tenant
on integrationd.webhooks
to integrationd_app
using (tenant_id = integrationd.current_tenant())
with check (tenant_id = integrationd.current_tenant());

create policy app_tenant
on integrationd.webhook_statistics
to integrationd_app
using (tenant_id = integrationd.current_tenant())
with check (tenant_id = integrationd.current_tenant());

create policy app_tenant
on integrationd.events
to integrationd_app
using (tenant_id = integrationd.current_tenant())
with check (tenant_id = integrationd.current_tenant());

create policy app_tenant
on integrationd.webhook_deliveries
to integrationd_app
using (tenant_id = integrationd.current_tenant())
with check (tenant_id = integrationd.current_tenant());

create policy app_tenant
on integrationd.webhook_delivery_logs
for select
to integrationd_app
using (tenant_id = integrationd.current_tenant());

grant select, insert, update, delete on integrationd.event_types to integrationd_app;

grant select, insert, update on integrationd.webhooks to integrationd_app;

grant select, insert on integrationd.webhook_statistics to integrationd_app;

grant select, insert on integrationd.events to integrationd_app;

grant select, insert, update (state, due_at, ended_at)
on integrationd.webhook_deliveries to integrationd_app;

grant select on integrationd.webhook_delivery_logs to integrationd_app;

-- The worker delivers for all tenants: it reads webhooks and events, moves deliveries, writes the
-- log and the counters, disables a webhook whose receiver asks for it, and purges.
create policy worker_delivery
on integrationd.webhooks
for select
to integrationd_worker
using (true);

create policy worker_delivery_update
on integrationd.webhooks
for update
to integrationd_worker
using (true);

create policy worker_delivery
on integrationd.webhook_statistics
for select
to integrationd_worker
using (true);

create policy worker_delivery_update
on integrationd.webhook_statistics
for update
to integrationd_worker
using (true);

create policy worker_delivery
on integrationd.events
for select
to integrationd_worker
using (true);

create policy worker_purge
on integrationd.events
for delete
to integrationd_worker
using (true);

-- To lock what is to be purged: nothing is ever changed.
create policy worker_lock
on integrationd.events
for update
to integrationd_worker
using (true)
with check (false);

create policy worker_delivery
on integrationd.webhook_deliveries
for select
to integrationd_worker
using (true);

create policy worker_delivery_update
on integrationd.webhook_deliveries
for update
to integrationd_worker
using (true);

create policy worker_purge
on integrationd.webhook_deliveries
for delete
to integrationd_worker
using (state <> 'pending');

create policy worker_delivery
on integrationd.webhook_delivery_logs
to integrationd_worker
using (true)
with check (true);

grant select,
  update (is_active, disabled_reason, auth_credentials, revision, updated_at)
on integrationd.webhooks to integrationd_worker;

grant select,
  update (
    total_deliveries, successful_deliveries, failed_deliveries, total_attempts, last_delivery_at,
    last_delivery_status)
on integrationd.webhook_statistics to integrationd_worker;

grant select, delete, update (created_at) on integrationd.events to integrationd_worker;

grant select, delete,
  update (
    state, due_at, lease_token, lease_ends_at, attempt_started_at, attempt_url, attempt_method,
    attempts, attempts_spent, own_faults, failure, ended_at)
on integrationd.webhook_deliveries to integrationd_worker;

grant select, insert, delete on integrationd.webhook_delivery_logs to integrationd_worker;

-- Publishing --------------------------------------------------------------------------------------

-- Every subscription that an event of this type matches: itself, each prefix with `.*`, and `*`.
-- As DeliveryRules.EventTypeName says; a test compares the two.
create function integrationd.covering_subscriptions(event_type text)
returns text[]
language sql
immutable
parallel safe
return array['*', event_type] || array(
  select array_to_string(parts.part[1:n.n], '.') || '.*'
  from (select string_to_array(event_type, '.') as part) as parts
  cross join lateral generate_series(1, cardinality(parts.part) - 1) as n (n)
);

-- Stores events of one tenant, and a delivery for every webhook that subscribes to them. Runs with
-- the rights and the row policies of whoever calls it.
--
-- ids, types, data, keys: one element for each event; an empty key is none.
-- Answers with a row for each, in order:
--   outcome     accepted; held (the key or the id is taken: ask held_events by what); no_tenant;
--               suspended; archived (the catalogue says that the type is)
--   event_id    as given
--   webhooks    to whom it is owed
create function integrationd.accept_events(
  of_tenant uuid,
  ids uuid[],
  types text[],
  data bytea[],
  keys text[]
)
returns table (
  ordinal bigint,
  outcome text,
  event_id uuid,
  published_at timestamptz,
  webhooks uuid[]
)
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
-- Planning costs more than what is planned, and one tenant is as good as another.
set plan_cache_mode = force_generic_plan
as $function$
#variable_conflict use_column
declare
  refusal text;
begin
  refusal := coalesce(
    (
      select case t.state when 'suspended' then 'suspended' else '' end
      from integrationd.tenants as t
      where t.id = of_tenant
    ),
    'no_tenant');

  if refusal <> '' then
    return query
    select n.n, refusal, null::uuid, null::timestamptz, null::uuid[]
    from generate_series(1, cardinality(ids)::bigint) as n (n);
    return;
  end if;

  return query
  with incoming as materialized (
    select
      i.ordinal,
      i.id,
      i.type,
      i.data,
      nullif(i.key, '') as key,
      coalesce(c.is_archived, false) as is_archived
    from unnest(ids, types, data, keys) with ordinality as i (id, type, data, key, ordinal)
    left join integrationd.event_types as c
      on c.tenant_id = of_tenant
      and c.event_type = i.type
  ),
  stored as (
    insert into integrationd.events (tenant_id, id, event_type, event_data, idempotency_key)
    select of_tenant, i.id, i.type, i.data, i.key
    from incoming as i
    where not i.is_archived
    order by i.ordinal
    on conflict do nothing
    returning id, created_at
  ),
  owed as (
    insert into integrationd.webhook_deliveries (tenant_id, webhook_id, event_id)
    select of_tenant, w.id, i.id
    from incoming as i
    join stored as s on s.id = i.id
    join integrationd.webhooks as w
      on w.tenant_id = of_tenant
      and w.is_active
      and w.deleted_at is null
      and w.subscribed_events && integrationd.covering_subscriptions(i.type)
    returning event_id, webhook_id
  )
  select
    i.ordinal,
    case when i.is_archived then 'archived' when s.id is null then 'held' else 'accepted' end,
    i.id,
    s.created_at,
    coalesce(
      (select array_agg(o.webhook_id) from owed as o where o.event_id = i.id), '{}')
  from incoming as i
  left join stored as s on s.id = i.id
  order by i.ordinal;
end
$function$;

comment on function integrationd.accept_events(uuid, uuid[], text[], bytea[], text[]) is
  'Stores events of a tenant and what is owed for them.';

-- The events that hold the ids or keys of others, to compare with: the half of accept_events for an
-- outcome held, in a statement of its own, because only a later one sees what another session has
-- just committed.
create function integrationd.held_events(
  of_tenant uuid,
  ids uuid[],
  types text[],
  data bytea[],
  keys text[]
)
returns table (
  ordinal bigint,
  is_same boolean,
  event_id uuid,
  published_at timestamptz
)
language sql
stable
set search_path = pg_catalog, pg_temp
as $function$
  select
    i.ordinal,
    e.event_type = i.type and e.event_data = i.data,
    e.id,
    e.created_at
  from unnest(ids, types, data, keys) with ordinality as i (id, type, data, key, ordinal)
  join integrationd.events as e
    on e.tenant_id = of_tenant
    and (e.id = i.id or e.idempotency_key = i.key)
  order by i.ordinal
$function$;

-- Publishes an event in the transaction of whoever calls it: committed with it, undone with it.
--
-- For services with a login of their own on this database: `grant integrationd_publisher to ...`.
-- The payload is JSON text of at most 256 KiB, delivered byte for byte; it is not checked against
-- the catalogue's schema, which the daemon does for its own callers.
-- Answers with the event's id; with the first one's when the same event was published before under
-- the same key. Raises invalid_text_representation for a payload that is not JSON, check_violation
-- for a type, key or size that is not allowed, no_data_found for an unknown tenant,
-- object_not_in_prerequisite_state for a suspended tenant or an archived type, unique_violation for
-- a key that was used with another event.
create function integrationd.publish_event(
  tenant_id uuid,
  event_type text,
  event_data text,
  idempotency_key text default null
)
returns uuid
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $function$
declare
  payload bytea := convert_to(publish_event.event_data, 'UTF8');
  id uuid := gen_random_uuid();
  earlier_tenant text := coalesce(current_setting('integrationd.tenant_id', true), '');
  made record;
  held record;
begin
  perform publish_event.event_data::json;

  perform set_config('integrationd.tenant_id', publish_event.tenant_id::text, true);
  perform set_config('integrationd.publishing', 'on', true);

  select * into made
  from integrationd.accept_events(
    publish_event.tenant_id, array[id], array[publish_event.event_type], array[payload],
    array[coalesce(publish_event.idempotency_key, '')]);

  if made.outcome = 'held' then
    select * into held
    from integrationd.held_events(
      publish_event.tenant_id, array[id], array[publish_event.event_type], array[payload],
      array[publish_event.idempotency_key]);
  end if;

  perform set_config('integrationd.publishing', '', true);
  perform set_config('integrationd.tenant_id', earlier_tenant, true);

  case
    when made.outcome = 'accepted' then
      if cardinality(made.webhooks) > 0 then
        perform pg_notify('integrationd_deliveries', publish_event.tenant_id::text);
      end if;
      return made.event_id;
    when made.outcome = 'held' and held.is_same then
      return held.event_id;
    when made.outcome = 'held' then
      raise unique_violation
        using message = 'this idempotency_key was used with another event';
    when made.outcome = 'no_tenant' then
      raise no_data_found
        using message = format('no tenant %s', publish_event.tenant_id);
    else
      raise object_not_in_prerequisite_state
        using message = case made.outcome
          when 'suspended' then 'the tenant is suspended'
          else format('the event type %s is archived', publish_event.event_type)
        end;
  end case;
end
$function$;

revoke all on function integrationd.covering_subscriptions(text) from public;

revoke all on function
  integrationd.accept_events(uuid, uuid[], text[], bytea[], text[]) from public;

revoke all on function
  integrationd.held_events(uuid, uuid[], text[], bytea[], text[]) from public;

revoke all on function
  integrationd.publish_event(uuid, text, text, text) from public;

grant execute on function integrationd.covering_subscriptions(text) to integrationd_app;

grant execute on function
  integrationd.accept_events(uuid, uuid[], text[], bytea[], text[]) to integrationd_app;

grant execute on function
  integrationd.held_events(uuid, uuid[], text[], bytea[], text[]) to integrationd_app;

-- Whom an administrator makes a publisher may do this and nothing else here.
grant usage on schema integrationd to integrationd_publisher;

grant execute on function
  integrationd.publish_event(uuid, text, text, text) to integrationd_publisher;

-- The owner sees and writes these rows only inside publish_event, which makes the setting for
-- itself, and names the tenant in every statement.
create policy owner_publishing
on integrationd.tenants
for select
to current_user
using (current_setting('integrationd.publishing', true) = 'on');

create policy owner_publishing
on integrationd.event_types
for select
to current_user
using (current_setting('integrationd.publishing', true) = 'on');

create policy owner_publishing
on integrationd.webhooks
for select
to current_user
using (current_setting('integrationd.publishing', true) = 'on');

create policy owner_publishing
on integrationd.events
to current_user
using (current_setting('integrationd.publishing', true) = 'on')
with check (current_setting('integrationd.publishing', true) = 'on');

create policy owner_publishing
on integrationd.webhook_deliveries
to current_user
using (current_setting('integrationd.publishing', true) = 'on')
with check (current_setting('integrationd.publishing', true) = 'on');
