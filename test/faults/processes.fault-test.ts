// Our own processes die, stop, come and go.

import { faultTest } from './fault.ts'

faultTest({
  name: 'gateway SIGKILL',
  promise: 'producers go to the other gateway, and nothing acknowledged is lost',
  gateways: 2,
  strike: async ({ fleet, random, lasts }) => {
    const victim = fleet.gateways[Math.floor(random() * 2)]!
    await lasts(0, 500)
    await victim.end('SIGKILL')
    await lasts(500, 1_500)
    await victim.restart()
  },
})
