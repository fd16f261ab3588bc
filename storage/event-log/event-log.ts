// The event log port: an ordered, durable, partitioned log of records, as Kafka understands it. Whatever is not yet
// in here was not accepted; nothing is ever changed once it is.

/** One record to append. Records of one key keep their order, because they share a partition. */
export interface LogRecord {
  /** Partitioning key; null spreads records over the partitions. */
  key: string | null
  value: Buffer
  headers: Record<string, string>
}

/** A record and where it goes. */
export interface LogEntry {
  topic: string
  record: LogRecord
}

/** A record as it stands in the log. `timestampMs` is the time of the append (LogAppendTime), in ms since the epoch. */
export interface StoredRecord extends LogRecord {
  topic: string
  partition: number
  offset: number
  timestampMs: number
}

/** Settings of a topic. `retentionMs: null` keeps every record. */
export interface TopicSettings {
  partitions: number
  retentionMs: number | null
}

/** Where a record stands, for ever: a topic deleted and made anew is another incarnation. */
export interface Position {
  incarnation: string
  partition: number
  offset: number
}

/** Consecutive records of one partition. */
export interface RecordBatch {
  topic: string
  partition: number
  incarnation: string
  records: StoredRecord[]
}

export interface ConsumeOptions {
  group: string
  topics: string[]
  /** At most this many records in a batch. */
  batchSize: number
  /**
   * Called with one batch at a time of a partition, in order. When it resolves, the group's position moves past the
   * batch; when it rejects, the same batch comes again after a growing pause. When it rejects with `ReadFrom`, the
   * partition is read again from there, at once.
   */
  handle: (batch: RecordBatch) => Promise<void>
  /**
   * Told of each failed attempt, and of what it concerns: a batch of a partition, a topic as a whole (`partition` is
   * null), or the member itself. The consumer goes on by itself.
   */
  onError: (error: Error, at?: { topic: string; partition: number | null }) => void
  /** Told when the member has joined its group, also again after a failure. */
  onJoin?: () => void
  /**
   * `by hand`: the group's position moves where `Consumer.commit` brings it, and nowhere else. Reading goes on past what
   * was handled all the same; after a restart, or in other hands, it begins at the position.
   */
  commits?: 'by hand'
  /** From where on a partition is needed that came into this member's hands: read from there, if the group is beyond. */
  begin?: (place: Omit<LogEnd, 'offset'>) => Promise<number>
}

/** What a handler rejects with to have its partition read again from an earlier offset. */
export class ReadFrom extends Error {
  override name = 'ReadFrom'
  offset: number
  constructor(offset: number) {
    super(`the partition is to be read from offset ${offset}`)
    this.offset = offset
  }
}

export interface Consumer {
  /** Resolves once no batch is being handled any more. Idempotent. */
  stop(): Promise<void>
  /**
   * Brings the group's position to these ends; for who commits by hand. Resolves with whether that was done: not by a
   * member that has left its group, or lost a partition.
   */
  commit(ends: LogEnd[]): Promise<boolean>
}

/** One past the last record of a partition. */
export interface LogEnd extends Position {
  topic: string
}

export interface EventLog {
  /** Creates the topic, or brings its retention to these settings if it exists. */
  ensureTopic(topic: string, settings: TopicSettings): Promise<void>
  /**
   * Appends records, resolved once all are on disk, with their positions in the order given.
   * @param receipt gives records that stand only where all of these do, and are waited for as well. It is called once, at
   * the moment when they are appended: those of several calls stand in the order in which they were given
   * @throws EventLogUnavailable when the log cannot be written; some of the records may then stand in it.
   */
  append(records: LogEntry[], receipt?: () => LogEntry[]): Promise<Position[]>
  /**
   * Starts consuming as a member of a group, from the group's position (from the start if it has none). Members of one
   * group, in this process and others, share the partitions of the topics they name.
   */
  consume(options: ConsumeOptions): Promise<Consumer>
  /** Records not yet handled by the group, summed over the partitions of these topics. */
  lag(group: string, topics: string[]): Promise<number>
  /** Where the partitions of these topics end now; a topic that does not exist has no end. */
  ends(topics: string[]): Promise<LogEnd[]>
  /** Whether the group has handled everything before these ends. Topics made anew since count as handled. */
  hasPassed(group: string, ends: LogEnd[]): Promise<boolean>
  /** For how long after an append was given up a record of it may still come to stand in the log, ms. */
  longestAppendMs: number
  /**
   * Removes what is older than its topic's retention. The embedded side is asked, and keeps what a group that ever
   * consumed the topic has still to read; Kafka does it by itself, and drops that too.
   */
  expire(nowMs: number): Promise<void>
  /** Rejects with EventLogUnavailable when the log cannot be reached or written. */
  ping(): Promise<void>
  close(): Promise<void>
}

/** The log cannot be reached or written; the `cause` says why. */
export class EventLogUnavailable extends Error {
  override name = 'EventLogUnavailable'
}
