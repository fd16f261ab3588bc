// A reporter of node:test that writes one line of JSON for each test: its suite, its name and what came of it.

interface TestEvent {
  type: string
  data: { name: string; nesting: number; skip?: unknown; todo?: unknown; details?: { type?: string } }
}

export interface TalliedTest {
  /** Name of the outermost suite, empty if there is none. */
  suite: string
  name: string
  outcome: 'passed' | 'failed' | 'skipped'
}

export default async function* tally(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  let outermost = ''
  for await (const { type, data } of source) {
    // Events come in the order of the tests, whatever ran beside: a suite starts before its tests end.
    if (type === 'test:start' && data.nesting === 0) outermost = data.name
    if ((type !== 'test:pass' && type !== 'test:fail') || data.details?.type === 'suite') continue
    const skipped = [data.skip, data.todo].some(each => each !== undefined && each !== false)
    const outcome = skipped ? 'skipped' : type === 'test:pass' ? 'passed' : 'failed'
    const test: TalliedTest = { suite: data.nesting === 0 ? '' : outermost, name: data.name, outcome }
    yield `${JSON.stringify(test)}\n`
  }
}
