import { defineConfig } from 'rolldown'

// The command as one folder of few files: what every call needs in main.js, what only some need beside it, loaded on demand.
export default defineConfig({
  input: { main: 'src/index.ts' },
  platform: 'node',
  output: {
    dir: 'dist/bundle',
    format: 'esm',
    cleanDir: true,
    minify: { compress: true, mangle: false, codegen: { removeWhitespace: true } },
    legalComments: 'inline',
  },
})
