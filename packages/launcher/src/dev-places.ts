import { type ServiceName, serviceNames } from './component.ts'
import { type Environment, type Place, serviceUrls } from './component-specs.ts'

const gatewayPort = 4000
const adminOffset = 100

/** Where a service listens while it is developed, so that others find it there. Throws for a name that is no service. */
export function devPlace(name: string): Place {
  const index = ['gateway', ...serviceNames].indexOf(name)
  if (index === -1) throw new Error(`${name} is not a service of Tradewind`)
  return { port: gatewayPort + index, adminPort: gatewayPort + index + adminOffset }
}

const places: Readonly<Record<ServiceName, Place>> = {
  auth: devPlace('auth'),
  inventory: devPlace('inventory'),
  orders: devPlace('orders'),
  payments: devPlace('payments'),
  notifications: devPlace('notifications'),
}

/** The settings of a service that is developed alone; what `given` says goes before. */
export function devEnvironment(name: string, given: Environment, backends: Environment): Environment {
  const { port, adminPort } = devPlace(name)
  return {
    HOST: '127.0.0.1',
    PORT: String(port),
    ADMIN_PORT: String(adminPort),
    ...serviceUrls(places),
    ...backends,
    ...given,
  }
}
