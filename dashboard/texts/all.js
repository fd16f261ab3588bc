// The one table of texts: by key, English and French.

import { access } from './access.js'
import { anomalies } from './anomalies.js'
import { audit } from './audit.js'
import { datasets } from './datasets.js'
import { explore } from './explore.js'
import { frame } from './frame.js'
import { identity } from './identity.js'
import { overview } from './overview.js'
import { quality } from './quality.js'
import { quarantine } from './quarantine.js'
import { requests } from './requests.js'

/** @type {Record<string, [en: string, fr: string]>} */
export const texts = {
  ...frame,
  ...overview,
  ...datasets,
  ...explore,
  ...quality,
  ...quarantine,
  ...anomalies,
  ...requests,
  ...identity,
  ...audit,
  ...access,
}
