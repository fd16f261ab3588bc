// Where tests find real samples that are not part of the repository. The only place where a test reads the environment.

/** The folder with the real samples, from `ECLUSE_TEST_SAMPLES`; undefined when they are not there. */
export function sampleDataDir(): string | undefined {
  return process.env.ECLUSE_TEST_SAMPLES || undefined
}
