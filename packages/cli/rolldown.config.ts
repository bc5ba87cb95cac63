import { defineConfig, type Plugin } from 'rolldown'

/** Large modules of Node's whose functions many calls of the command never need. */
const LAZY: ReadonlySet<string> = new Set(['node:crypto', 'node:tls'])

/**
 * Node's own modules by `process.getBuiltinModule`: an `import` of one makes a list of all that it exports, for which Node loads
 * much of itself that nobody asked for.
 */
const builtinModules: Plugin = {
  name: 'builtin-modules',
  renderChunk: (code) =>
    code
      .replaceAll(/\bimport\s*\{([^}]*)\}\s*from\s*"(node:[\w/]+)";/g, (_, names: string, module: string) =>
        LAZY.has(module)
          ? forwarders(names, module)
          : `const {${names.replaceAll(' as ', ': ')}} = ${builtin(module)};`,
      )
      .replaceAll(
        /\bimport ([\w$]+) from\s*"(node:[\w/]+)";/g,
        (_, name: string, module: string) => `const ${name} = ${builtin(module)};`,
      ),
}

function builtin(module: string): string {
  return module === 'node:process' ? 'process' : `process.getBuiltinModule("${module}")`
}

/** Functions that load the module when they are called. Classes are no functions: they load it at once. */
function forwarders(names: string, module: string): string {
  return names
    .split(',')
    .map((name) => name.trim().split(' as '))
    .map(([name = '', local = name]) =>
      /^[A-Z]/.test(name)
        ? `const ${local} = ${builtin(module)}.${name};`
        : `const ${local} = (...values) => ${builtin(module)}.${name}(...values);`,
    )
    .join('')
}

/** What commander has for subcommands that are programs of their own. Here are none, and the modules are large. */
const EXECUTABLES: ReadonlySet<string> = new Set(['node:child_process', 'node:fs'])

const noExecutables: Plugin = {
  name: 'no-executables',
  resolveId: (source, importer) =>
    EXECUTABLES.has(source) && importer?.includes('commander') === true ? '\0no-executables' : null,
  load: (id) => (id === '\0no-executables' ? 'export default {}' : null),
}

/** Text of ASCII alone is read and compiled faster: it takes one byte a character. */
const asciiOnly: Plugin = {
  name: 'ascii-only',
  generateBundle(_options, files) {
    for (const file of Object.values(files)) {
      if (file.type === 'chunk') file.code = file.code.replaceAll(/[^\0-\x7f]/g, escaped)
    }
  },
}

function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
}

/** What help needs too, and how newer syntax is written for older Node.js. */
const CORE = /packages[\\/]core[\\/]|@oxc-project[\\/+]runtime/

/** Without what is only needed behind a proxy, which is larger than all of it. */
const ENGINE = /packages[\\/](?:blob-files|copy|formats|http|streams)[\\/]src[\\/](?!proxied)/
/** What registries need. */
const REGISTRIES = /packages[\\/]transport-docker[\\/]src[\\/]/
/** What folders need. */
const FOLDERS = /packages[\\/]transport-(?:oci-)?dir[\\/]src[\\/]/
/** What archives need, and an engine, which gives and takes them. */
const ARCHIVES = /packages[\\/]transport-(?:tarball|docker-daemon)[\\/]src[\\/]/
const STORE = /packages[\\/]store[\\/]src[\\/]/

/** What looks into images, without what the commands need to be known. */
const ROOT_FILESYSTEM =
  /packages[\\/](?:archive[\\/]src|cli[\\/]src[\\/]root-filesystem)[\\/](?!reading-flags|two-images)/
/** What looks into the local store, without what the commands need to be known. */
const LOCAL_STORE = /packages[\\/]cli[\\/]src[\\/]local-store[\\/](?!open-store|platforms-to-send|store-folder)/
/** How things are printed and files read: what both the commands and what they load on demand need. */
const OUTPUT = /packages[\\/]cli[\\/]src[\\/](?:output[\\/]|input-file|attachments[\\/]sbom-format)/

// The command as one folder of few files: what every call needs in main.js, what only some need beside it, loaded on demand.
export default defineConfig({
  input: { main: 'src/index.ts' },
  platform: 'node',
  // Under the LGPL: it stays a package of its own, which anyone may replace.
  external: ['openpgp'],
  // What has both is written for bundlers in the one and cannot be bundled in the other.
  resolve: { mainFields: ['module', 'main'] },
  // What the oldest Node.js that users may have cannot read (`await using`) is written in another way.
  transform: { target: 'node22.20' },
  plugins: [builtinModules, noExecutables, asciiOnly],
  output: {
    dir: 'dist/bundle',
    format: 'esm',
    cleanDir: true,
    minify: { compress: true, mangle: false, codegen: { removeWhitespace: true } },
    comments: { legal: true },
    // Fewer files are read faster: one for what help needs too, one for what every command on images needs, one each for what looks into them and into the store.
    codeSplitting: {
      groups: [
        { name: 'core', test: CORE },
        { name: 'engine', test: ENGINE },
        { name: 'registries', test: REGISTRIES },
        { name: 'folders', test: FOLDERS },
        { name: 'archives', test: ARCHIVES },
        { name: 'store', test: STORE },
        { name: 'output', test: OUTPUT },
        { name: 'root-filesystem', test: ROOT_FILESYSTEM },
        { name: 'local-store', test: LOCAL_STORE },
      ],
    },
  },
})
