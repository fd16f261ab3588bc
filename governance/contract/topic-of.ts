// Where a dataset's records stand in the event log. A dataset's name holds no dot, so that no two topics meet.

/** The event log topic of a dataset's events. */
export function topicOf(dataset: string): string {
  return `ecluse.${dataset}`
}

/** The event log topic of a dataset's rejected events. */
export function quarantineTopicOf(dataset: string): string {
  return `${topicOf(dataset)}.quarantine`
}
