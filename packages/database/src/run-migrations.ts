import { backendSettings, ConfigError, loadConfig, serviceSettings } from '@tradewind/service-kit/config'
import { createLogger } from '@tradewind/service-kit/log'
import { configFaultExitCode } from '@tradewind/service-kit/service'
import { Type } from 'typebox'
import { connectDatabase } from './connection.ts'
import { type Migration, migrate } from './migrations.ts'

/**
 * A program that brings a service's database to its shape and ends: before a rollout, so that its first pods need not. Any
 * number may run at once, and again. Exits 78 when the environment is wrong, 1 when a migration failed.
 */
export async function runMigrations(service: string, migrations: readonly Migration[]): Promise<void> {
  const { MONGODB_URL, MONGODB_DATABASE } = backendSettings(`tradewind_${service}`)
  const schema = Type.Object({ MONGODB_URL, MONGODB_DATABASE, LOG_LEVEL: serviceSettings.LOG_LEVEL })
  const config = (() => {
    try {
      return loadConfig(schema)
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      process.stderr.write(`migrations of ${service}: ${error.message}\n`)
      process.exit(configFaultExitCode)
    }
  })()
  const logger = createLogger({ name: service, level: config.LOG_LEVEL })
  try {
    const { db, close } = await connectDatabase({
      url: config.MONGODB_URL,
      name: config.MONGODB_DATABASE,
      appName: `tradewind-${service}-migrations`,
    })
    try {
      const applied = await migrate(db, migrations, () => new Date())
      logger.info({ applied }, applied.length === 0 ? 'the database is up to date' : 'migrations applied')
    } finally {
      await close()
    }
  } catch (error) {
    logger.fatal({ err: error }, 'the database could not be migrated')
    process.exitCode = 1
  }
}
