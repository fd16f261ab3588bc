// The roles, and what each is for. What a role may stands in the access policy.

/** Role -> whom it is meant for. */
export const roles = {
  producer: 'sends events',
  'data-owner': 'answers for a dataset',
  'data-steward': 'keeps a dataset’s quality',
  'data-engineer': 'runs Écluse',
  analyst: 'works with stored events',
  dpo: 'carries out what persons ask for',
  auditor: 'checks what was done',
} as const

export type Role = keyof typeof roles

export const roleNames = Object.keys(roles) as Role[]

export function isRole(name: string): name is Role {
  return Object.hasOwn(roles, name)
}
