import { scriptSimulatorRoute } from '@tradewind/contracts/payments'
import { implementRoute } from '@tradewind/service-kit/route'
import type { ScriptSimulator } from '../use-cases/script-simulator.ts'

export const postSimulatorScript = (script: ScriptSimulator) =>
  implementRoute(scriptSimulatorRoute, async ({ body }) => ({ status: 201, body: await script(body) }))
