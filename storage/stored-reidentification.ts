// A request to learn who a pseudonym is, as it rests in the documents.

/** A request to learn who a pseudonym is, in collection `reidentifications`, under its id. */
export interface StoredReidentification {
  id: string
  dataset: string
  /** A caller's id. */
  requester: string
  requesterRoles: string[]
  requestedAt: string
  /** What somebody decided; what time decides is seen when it is read. */
  state: 'pending' | 'approved' | 'refused'
  /** Until when it waits for an answer or, approved, may be used; when it was refused. */
  endsAt: string
  /** Who decided, and when. */
  decidedBy: string | null
  decidedAt: string | null
  /** Base64, under a key of its own: whom it is about and why; once it is refused, the reason. */
  sealed: string
}
