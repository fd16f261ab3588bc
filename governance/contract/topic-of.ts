// Where a dataset's records stand in the event log, and their schemas in the registry. A dataset's name holds no dot,
// so that no two topics meet.

/** The event log topic of a dataset's events. */
export function topicOf(dataset: string): string {
  return `ecluse.${dataset}`
}

/** The event log topic of a dataset's rejected events. */
export function quarantineTopicOf(dataset: string): string {
  return `${topicOf(dataset)}.quarantine`
}

/** The event log topic of the counts of what came in for a dataset. */
export function ledgerTopicOf(dataset: string): string {
  return `${topicOf(dataset)}.ledger`
}

/** The registry subject of a dataset's derived schemas: Confluent's TopicNameStrategy. */
export function registrySubjectOf(dataset: string): string {
  return `${topicOf(dataset)}-value`
}

/** Whether Écluse registers schemas of its own there: what is stored, not what is sent. */
export function isOwnRegistrySubject(registrySubject: string): boolean {
  return registrySubject.startsWith(topicOf('')) && registrySubject.endsWith('-value')
}
