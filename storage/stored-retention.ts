// Which retention what is stored of a dataset was brought under last.

/** The retention that was applied last to what is stored of a dataset, in collection `retentions`, under its name. */
export interface StoredRetention {
  epoch: number
  events: number
  quarantine: number
  /** How often what is stored has been gone over since it is in force: twice, and it is done. */
  passes: 1 | 2
  appliedAtMs: number
}
