// For tests on the oldest Node.js that users may have: what it cannot read in TypeScript (`await using`) is written in another way, as it is in the packages that are
// published, also in processes that tests start; and what it lacks is there.
import { readFileSync } from 'node:fs'
import { createRequire, registerHooks } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { usingContext } from './using-context.mjs'

const builder = createRequire(new URL('../packages/cli/package.json', import.meta.url))
const { transformSync } = await import(pathToFileURL(builder.resolve('rolldown/utils')).href)

/** What the rewritten code imports. */
const HELPER = 'older-node:using'
const helper = `export { usingContext as default } from '${new URL('using-context.mjs', import.meta.url).href}'`

registerHooks({
  resolve: (specifier, context, next) =>
    specifier.startsWith('@oxc-project/runtime/helpers/usingCtx')
      ? { url: HELPER, format: 'module', shortCircuit: true }
      : next(specifier, context),
  load(url, context, next) {
    if (url === HELPER) return { format: 'module', source: helper, shortCircuit: true }
    if (!url.startsWith('file:') || !url.endsWith('.ts')) return next(url, context)
    const path = fileURLToPath(url)
    const { code, errors } = transformSync(path, readFileSync(path, 'utf8'), { target: 'node22.20' })
    if (errors.length > 0) throw new SyntaxError(errors[0].message)
    return { format: 'module', source: code, shortCircuit: true }
  },
})

globalThis.AsyncDisposableStack ??= class AsyncDisposableStack {
  #context = usingContext()

  use(resource) {
    return this.#context.a(resource)
  }

  adopt(value, dispose) {
    this.defer(() => dispose(value))
    return value
  }

  defer(dispose) {
    this.#context.a({ [Symbol.asyncDispose]: dispose })
  }

  async disposeAsync() {
    await this.#context.d()
  }

  [Symbol.asyncDispose]() {
    return this.disposeAsync()
  }
}
