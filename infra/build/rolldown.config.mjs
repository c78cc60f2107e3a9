import { readFileSync } from 'node:fs'

/**
 * One file per service for production: the service and the workspace packages it uses, in plain JavaScript. npm packages
 * stay outside, so that the image installs exactly the locked ones and tracing sees real modules; it needs them in one flat
 * folder (`pnpm deploy --prod --config.node-linker=hoisted`), as some belong to the bundled packages. Run in the service's folder.
 */
export default {
  input: 'src/main.ts',
  platform: 'node',
  external: (id) => !id.startsWith('.') && !id.startsWith('/') && !id.startsWith('@tradewind/'),
  output: { file: 'dist/main.js', format: 'esm', sourcemap: true, banner: banner() },
}

function banner() {
  /** @type {{ name: string, version: string }} */
  const { name, version } = JSON.parse(readFileSync('package.json', 'utf8'))
  return `// ${name} ${version}`
}
