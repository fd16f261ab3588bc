// A quality report as the rows of one table: a line for each number, so that any spreadsheet can turn it as it likes.

/** @param {object[]} windows as GET /v1/datasets/{dataset}/quality answers @returns {(string | number | null)[][]} the heading first */
export function qualityRows(dataset, windows) {
  return [
    ['dataset', 'from', 'to', 'measure', 'about', 'value', 'of'],
    ...windows.flatMap(each => rowsOf(dataset, each)),
  ]
}

function rowsOf(dataset, each) {
  const { start, end } = each.window
  const row = (measure, about, value, of = null) => [dataset, start, end, measure, about, value, of]
  const byPointer = (measure, list) => list.map(({ pointer, count }) => row(measure, pointer, count))
  const { undeclaredFields, changedTypes, newValues } = each.schemaDrift
  return [
    row('score', '', each.score),
    ...Object.entries(each.dimensions).map(([name, share]) => row(name, '', share)),
    ...Object.entries(each.volume).map(([name, count]) => row(name, '', count)),
    ...each.fields.map(({ pointer, of, missing }) => row('missing', pointer, missing, of)),
    ...each.fields.flatMap(({ pointer, numbers }) =>
      numbers
        ? [row('mean', pointer, numbers.mean, numbers.count), row('variance', pointer, numbers.variance, numbers.count)]
        : [],
    ),
    ...Object.entries(each.timeliness?.delayMs ?? {}).map(([name, ms]) =>
      row(`delay ${name} ms`, '', ms, each.timeliness.timed),
    ),
    ...each.consistency.map(({ rule, of, broken }) => row('broken', rule, broken, of)),
    ...each.causes.map(({ cause, count }) => row('rejected for', cause, count, each.volume.rejected)),
    ...byPointer('undeclared fields', undeclaredFields),
    ...byPointer('changed types', changedTypes),
    ...byPointer('new values', newValues),
    ...(each.drift ?? []).map(({ pointer, psi, values }) => row('population stability index', pointer, psi, values)),
    ...each.suspects.map(({ pointer, kind, count }) => row(`looks like ${kind}`, pointer, count, each.sampled)),
  ]
}
