-- Why: publish_event told nobody why it refused an event. What it compares a held event by was a record that
-- only a held event fills, and looking at it is an error of its own (55000) otherwise. The rest is as it
-- was, see v0004_webhooks.
create or replace function integrationd.publish_event(
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
  held_id uuid;
  held_is_same boolean;
begin
  perform publish_event.event_data::json;

  perform set_config('integrationd.tenant_id', publish_event.tenant_id::text, true);
  perform set_config('integrationd.publishing', 'on', true);

  select * into made
  from integrationd.accept_events(
    publish_event.tenant_id, array[id], array[publish_event.event_type], array[payload],
    array[coalesce(publish_event.idempotency_key, '')]);

  if made.outcome = 'held' then
    select h.event_id, h.is_same into held_id, held_is_same
    from integrationd.held_events(
      publish_event.tenant_id, array[id], array[publish_event.event_type], array[payload],
      array[publish_event.idempotency_key]) as h;
  end if;

  perform set_config('integrationd.publishing', '', true);
  perform set_config('integrationd.tenant_id', earlier_tenant, true);

  case
    when made.outcome = 'accepted' then
      if cardinality(made.webhooks) > 0 then
        perform pg_notify('integrationd_deliveries', publish_event.tenant_id::text);
      end if;
      return made.event_id;
    when made.outcome = 'held' and held_is_same then
      return held_id;
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
