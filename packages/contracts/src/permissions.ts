/** What may be done, each with what it means. The first two belong to everybody who is signed in. */
const meanings = {
  'own:use': 'places and reads one’s own orders and changes one’s own preferences',
  'account:manage': 'ends one’s own sessions and manages one’s own API keys; never given to a machine',
  'orders:read:any': 'reads everybody’s orders',
  'orders:write:any': 'cancels and changes everybody’s orders',
  'orders:note': 'writes notes on orders',
  'orders:repair': 'looks into the saga of an order and repairs it',
  'fulfilments:write': 'ships, delivers and cancels fulfilments',
  'returns:decide': 'approves and rejects returns',
  'returns:write': 'receives and refunds returns',
  'discounts:read': 'reads discount codes',
  'discounts:write': 'makes and changes discount codes',
  'payments:read': 'reads payments and what reconciliation found',
  'payments:write': 'captures, voids and refunds payments, and starts reconciliation',
  'catalogue:read': 'reads products that are not for sale',
  'catalogue:write': 'makes and changes products and their images',
  'stock:read': 'reads stock, movements and reservations',
  'stock:write': 'changes stock, locations, policies and reservations',
  'jobs:read': 'reads imports and exports and their results',
  'jobs:write': 'starts and cancels imports and exports',
  'notifications:read': 'reads notifications and templates',
  'notifications:write': 'sends notifications again and changes templates',
  'webhooks:read': 'reads webhook endpoints and deliveries',
  'webhooks:write': 'makes, changes and removes webhook endpoints, and delivers again',
  'operations:read': 'looks at dead letters and outboxes',
  'operations:write': 'replays and discards dead letters, and checks invariants',
  'users:read': 'lists accounts and their roles',
  'users:write': 'changes and erases other people’s accounts',
  'roles:write': 'gives and takes roles',
  'clients:read': 'lists machine clients',
  'clients:write': 'makes, changes and removes machine clients',
  'keys:read': 'lists the keys that sign tokens',
  'keys:write': 'rotates the keys that sign tokens',
  'audit:read': 'reads the audit log',
} as const

export type Permission = keyof typeof meanings

/** True for the name of a permission; anything else in a token gives nothing. */
export const isPermission = (name: string): name is Permission => Object.hasOwn(meanings, name)

/** Every permission, in the order of the table. */
export const permissionNames: readonly Permission[] = Object.keys(meanings).filter(isPermission)

export const meaningOf = (permission: Permission): string => meanings[permission]

const ofEverybody: readonly Permission[] = ['own:use', 'account:manage']
/** What rules over who may do what, and is therefore not a matter of running the shop. */
const ofAdmins: readonly Permission[] = [
  'users:read',
  'users:write',
  'roles:write',
  'clients:read',
  'clients:write',
  'keys:read',
  'keys:write',
  'audit:read',
]

/** The roles of people, each a named set of permissions. */
const ofRoles = {
  customer: ofEverybody,
  support: [...ofEverybody, 'orders:read:any', 'orders:note', 'returns:decide', 'payments:read', 'notifications:read'],
  operator: permissionNames.filter((name) => !ofAdmins.includes(name)),
  admin: permissionNames,
} as const satisfies Readonly<Record<string, readonly Permission[]>>

export type RoleName = keyof typeof ofRoles
const isRole = (role: string): role is RoleName => Object.hasOwn(ofRoles, role)
export const roleNames: readonly RoleName[] = Object.keys(ofRoles).filter(isRole)

/**
 * The role of machine clients. Nobody can be given it, and it is worth nothing but what a scope names beside it.
 */
export const machineRole = 'machine'

/** Whoever may do these could make himself more: another key, another client, another role. So no scope hands them on. */
const personal: readonly Permission[] = ['account:manage', 'clients:write', 'roles:write']
/** What a scope can hand on: to an API key, to an app, to a machine. */
export const delegable: readonly Permission[] = permissionNames.filter((name) => !personal.includes(name))
/** What a machine can be given. It is nobody, so nothing is its own. */
export const forMachines: readonly Permission[] = delegable.filter((name) => name !== 'own:use')

/**
 * What somebody with these roles may do: all that any of the roles permits, and of that only what the scope names, where
 * there is one. Names that are unknown give nothing.
 */
export function permissionsOf(roles: readonly string[], scope?: readonly string[]): ReadonlySet<Permission> {
  const permitted = new Set(roles.flatMap((role): readonly Permission[] => (isRole(role) ? ofRoles[role] : [])))
  if (scope === undefined) return permitted
  if (roles.includes(machineRole)) for (const name of forMachines) permitted.add(name)
  return new Set(scope.filter(isPermission).filter((name) => permitted.has(name) && delegable.includes(name)))
}
