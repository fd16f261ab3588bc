// Who is calling, as everything above the door knows them.

/** An API key or a JWT, with all its roles. */
export interface Caller {
  /** The key's id, or `jwt:` and a hash: a token's subject is a person, and stands nowhere in the clear. */
  id: string
  kind: 'api-key' | 'jwt'
  roles: string[]
  /** Datasets it may touch; `*` is all. */
  datasets: string[]
}
