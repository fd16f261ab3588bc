// Where a dataset's events stand in the event log.

/** The event log topic of a dataset. */
export function topicOf(dataset: string): string {
  return `ecluse.${dataset}`
}
