import type { ServiceConfig, ServiceContext } from '@tradewind/service-kit/service'
import { connectDatabase, type Database } from './connection.ts'
import { type Migration, migrate } from './migrations.ts'

interface DatabaseConfig extends ServiceConfig {
  readonly MONGODB_URL: string
  readonly MONGODB_DATABASE: string
}

/** Connects a service to its database, brings the database to the service's shape, and ties both to the service's readiness and end. */
export async function openDatabase(
  context: ServiceContext<DatabaseConfig>,
  service: string,
  migrations: readonly Migration[],
): Promise<Database> {
  const { config, logger, onShutdown, addCheck } = context
  const database = await connectDatabase({
    url: config.MONGODB_URL,
    name: config.MONGODB_DATABASE,
    appName: `tradewind-${service}`,
  })
  onShutdown('database', () => database.close())
  const applied = await migrate(database.db, migrations, () => new Date())
  if (applied.length > 0) logger.info({ applied }, 'migrations applied')
  addCheck('database', () => database.ping())
  return database
}
