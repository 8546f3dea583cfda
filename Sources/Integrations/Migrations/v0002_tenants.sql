-- Why: every other table's rows belong to a tenant.
--
-- A transaction that names a tenant sees that tenant's row and no other. Calls that belong to no
-- tenant (create, list) name the nil UUID, the directory: it sees all rows of this table, and
-- nothing in any other, because no tenant has that id.

create table integrationd.tenants (
  id uuid primary key
    check (id <> '00000000-0000-0000-0000-000000000000'),
  display_name text not null
    check (char_length(display_name) between 1 and 200),
  state text not null default 'active'
    check (state in ('active', 'suspended')),
  suspension_reason text not null default ''
    check (char_length(suspension_reason) <= 500),
  suspended_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  check ((state = 'suspended') = (suspended_at is not null)),
  check (state = 'suspended' or suspension_reason = '')
);

comment on table integrationd.tenants is
  'The customers of the product.';

-- Serves ListTenants without a filter.
create index tenants_by_age
on integrationd.tenants (created_at desc, id desc);

-- Serves ListTenants with a state.
create index tenants_by_state_and_age
on integrationd.tenants (state, created_at desc, id desc);

alter table integrationd.tenants enable row level security;

alter table integrationd.tenants force row level security;

create policy app_tenant
on integrationd.tenants
to integrationd_app
using (
  id = integrationd.current_tenant()
  or integrationd.current_tenant() = '00000000-0000-0000-0000-000000000000'
)
with check (
  id = integrationd.current_tenant()
  or integrationd.current_tenant() = '00000000-0000-0000-0000-000000000000'
);

-- Background work asks whose tenant is suspended.
create policy worker_read
on integrationd.tenants
for select
to integrationd_worker
using (true);

grant select, insert, update on integrationd.tenants to integrationd_app;

grant select on integrationd.tenants to integrationd_worker;
