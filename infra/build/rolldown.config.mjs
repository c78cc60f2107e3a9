import { existsSync, readFileSync } from 'node:fs'

/**
 * Programs for production: the service, and what migrates its database, with the workspace packages they use, in plain
 * JavaScript. npm packages stay outside, so that the image installs exactly the locked ones; it needs them in one flat
 * folder (`pnpm deploy --prod --config.node-linker=hoisted`), as some belong to the bundled packages. Run in the service's
 * folder.
 */
export default {
  input: ['src/main.ts', 'src/migrate.ts'].filter((file) => existsSync(file)),
  platform: 'node',
  external: (id) => !id.startsWith('.') && !id.startsWith('/') && !id.startsWith('@tradewind/'),
  output: { dir: 'dist', chunkFileNames: '[name].js', format: 'esm', sourcemap: true, banner: banner() },
}

function banner() {
  /** @type {{ name: string, version: string }} */
  const { name, version } = JSON.parse(readFileSync('package.json', 'utf8'))
  return `// ${name} ${version}`
}
