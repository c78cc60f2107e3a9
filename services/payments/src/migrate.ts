import { operatorLogMigration } from '@tradewind/database/operator-log'
import { runMigrations } from '@tradewind/database/run-migrations'
import { migrations } from './store/migrations.ts'

await runMigrations('payments', [...migrations, operatorLogMigration])
