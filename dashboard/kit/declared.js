// What the policies name that forms offer to choose from: kinds of persons, kinds of aliases, purposes.

import { useEffect, useState } from 'preact/hooks'
import { call, datasetsWhere } from './call.js'

/** Datasets that are asked for at once. */
const MAX_DATASETS = 50

const nothing = { types: [], aliasTypes: [], purposes: [] }

/** Of the datasets the reader may see; undefined until it is known, so that no form changes under whoever fills it in. */
export function useDeclared() {
  const [declared, setDeclared] = useState(undefined)
  useEffect(() => {
    const names = datasetsWhere('describe').slice(0, MAX_DATASETS)
    Promise.all(names.map(name => call(`/v1/datasets/${encodeURIComponent(name)}`))).then(
      contracts => {
        const subjects = contracts.flatMap(contract => contract.subjects)
        setDeclared({
          types: [...new Set(subjects.map(({ type }) => type))],
          aliasTypes: [...new Set(subjects.flatMap(({ aliases }) => aliases))],
          purposes: [...new Set(contracts.map(({ purpose }) => purpose))],
        })
      },
      () => setDeclared(nothing),
    )
  }, [])
  return declared
}
