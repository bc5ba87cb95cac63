import { defineConfig, type Plugin } from 'rolldown'

/**
 * Node's own modules by `process.getBuiltinModule`: an `import` of one makes a list of all that it exports, for which Node loads
 * much of itself that nobody asked for.
 */
const builtinModules: Plugin = {
  name: 'builtin-modules',
  renderChunk: (code) =>
    code
      .replaceAll(/\bimport\s*\{([^}]*)\}\s*from\s*"(node:[\w/]+)";/g, (_, names: string, module: string) => {
        return `const {${names.replaceAll(' as ', ': ')}} = process.getBuiltinModule("${module}");`
      })
      .replaceAll(/\bimport ([\w$]+) from\s*"(node:[\w/]+)";/g, 'const $1 = process.getBuiltinModule("$2");'),
}

/** Commander starts other programs for subcommands that are files of their own; here are none. */
const noChildProcess: Plugin = {
  name: 'no-child-process',
  resolveId: (source, importer) =>
    source === 'node:child_process' && importer?.includes('commander') === true ? '\0no-child-process' : null,
  load: (id) => (id === '\0no-child-process' ? 'export default {}' : null),
}

// The command as one folder of few files: what every call needs in main.js, what only some need beside it, loaded on demand.
export default defineConfig({
  input: { main: 'src/index.ts' },
  platform: 'node',
  plugins: [builtinModules, noChildProcess],
  output: {
    dir: 'dist/bundle',
    format: 'esm',
    cleanDir: true,
    minify: { compress: true, mangle: false, codegen: { removeWhitespace: true } },
    legalComments: 'inline',
  },
})
