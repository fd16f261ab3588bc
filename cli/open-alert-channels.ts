// The ways out that the settings of this process name.

import type { Contract } from '../governance/contract/contract.ts'
import { type Channels, openChannels } from '../processors/alerts/open-channels.ts'
import type { Config } from '../runtime/config.ts'

/** @param find the contract whose policy names a dataset's steward and owner */
export function openAlertChannels(
  config: Config,
  find: (dataset: string) => Contract | undefined,
  now: () => number,
  stopping?: AbortSignal,
): Channels {
  const { smtpUrl, smtpUser, smtpPassword, alertFrom, alertWebhooks = {}, alertTimeoutMs: timeoutMs, mode } = config
  return openChannels({
    mail: smtpUrl
      ? {
          ...{ url: smtpUrl, user: smtpUser, password: smtpPassword, from: alertFrom! },
          ...{ mustEncrypt: mode === 'production', timeoutMs },
        }
      : undefined,
    webhooks: alertWebhooks,
    timeoutMs,
    ...(stopping && { stopping }),
    addressOf: (dataset, role) => find(dataset)?.policy[role],
    now,
  })
}
