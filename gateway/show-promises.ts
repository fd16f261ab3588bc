// What a policy promises of its data's quality, as `GET /v1/datasets/{dataset}` shows it: times as a policy writes them.

import Type from 'typebox'
import { formatDuration } from '../governance/contract/policy-parts.ts'
import type { QualityPolicy } from '../governance/contract/quality.ts'

const level = Type.String({ description: 'Who may read values of this level may see how the promise is kept' })
const share = Type.Number({ description: 'Above 0, at most 1' })

export const PromisesShape = Type.Object(
  {
    completeness: Type.Array(Type.Object({ pointer: Type.String(), share, level })),
    conformity: Type.Optional(share),
    uniqueness: Type.Optional(share),
    timeliness: Type.Optional(Type.Object({ within: Type.String(), share })),
    skew: Type.String({ description: 'How far ahead a producer’s clock may be' }),
    silence: Type.Optional(Type.String({ description: 'So long without any event is an anomaly' })),
    burst: Type.Optional(Type.Integer({ description: 'More events in a minute are an anomaly' })),
    consistency: Type.Array(
      Type.Object({
        name: Type.String(),
        when: Type.Array(Type.Unknown({ description: 'Pointer and what must stand there' })),
        require: Type.Array(Type.Unknown({ description: 'Pointer and what must stand there' })),
        share,
      }),
    ),
  },
  { description: 'What the policy promises of the data’s quality' },
)

export function showPromises({ timeliness, skewMs, silenceMs, ...rest }: QualityPolicy) {
  return {
    ...rest,
    ...(timeliness && { timeliness: { within: formatDuration(timeliness.withinMs), share: timeliness.share } }),
    skew: formatDuration(skewMs),
    ...(silenceMs !== undefined && { silence: formatDuration(silenceMs) }),
  }
}
