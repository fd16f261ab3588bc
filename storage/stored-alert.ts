// What rests of alerts in the documents: groups of anomalies that are told together, and how far anomalies were read.

/** An anomaly of a group, while it stands. */
export interface StoredAlertMember {
  /** An anomaly's id. */
  id: string
  dataset: string
  kind: string
  severity: string
  state: string
  addedAtMs: number
  told: boolean
}

/** An anomaly as a message tells it. */
export interface StoredAlertSample {
  id: string
  dataset: string
  kind: string
  severity: string
  /** RFC 3339: its window, or when it was detected. */
  start: string
  end: string
  /** Null where it may not leave the house. */
  detail: string | null
}

/** What is told of a group at one time: numbers, and a few of its anomalies. */
export interface StoredNotice {
  /** From 1, in one opening of the group. */
  number: number
  /** The first of a group; more of it; all of it again; that it is over. */
  kind: 'opened' | 'more' | 'repeated' | 'resolved'
  /** RFC 3339. */
  at: string
  /** The most severe of those it tells. */
  severity: string
  /** Anomalies told for the first time; those that stand; all of this opening. */
  fresh: number
  standing: number
  all: number
  /** Of all, those whose end nobody watches, since they are too many. */
  unwatched: number
  samples: StoredAlertSample[]
  language: string
}

/** A notice on its way to one channel. */
export interface StoredDelivery {
  /** The same however often it is sent: a receiver knows a repetition by it. */
  id: string
  /** `email steward`, `slack team`, `webhook pager`. */
  channel: string
  notice: StoredNotice
  attempts: number
  beganAtMs: number
  nextAtMs: number
  /** Of the process that sends it now; another one's turn is after its end. */
  claim: { token: string; untilMs: number } | null
}

/** The anomalies that one route tells together, in collection `alerts`. */
export interface StoredAlert {
  /** `<route>/<dataset>/<kind>/<severity>`, `*` for what it does not group by. */
  id: string
  route: string
  /** What is the same in all of them: dataset, kind, severity. */
  group: Record<string, string>
  /** 1 while anomalies of it stand, and while there is something to do about it. */
  open: 0 | 1
  active: 0 | 1
  /** Random, another one each time that it opens. */
  opening: string
  /** Those that stand; beyond a number, further ones are only counted. */
  members: StoredAlertMember[]
  unwatched: number
  unwatchedUntold: number
  /** The last anomaly that was counted: `detectedAt` and id. */
  through: { at: string; id: string } | null
  /** Told, and not told to be over. */
  standing: boolean
  notices: number
  told: number
  toldAtMs: number | null
  deliveries: StoredDelivery[]
  /** Of the last write: whose it was. */
  writer: string
}

/** How far anomalies were read for alerts, in collection `alerts`, under `position`. */
export interface StoredAlertPosition {
  /** By the name of a look: the sorted member's value of the last one read, and its id. */
  looks: Record<string, { value: string; id: string }>
  writer: string
}
