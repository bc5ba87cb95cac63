import fs, { promises } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { devNull } from 'node:os'

/** Takes the place of a call; `original` is what it would have done. */
export type Replacement = (original: () => unknown, args: readonly unknown[], self: unknown) => unknown

/** A layer under the file calls of this process. Disposing takes it away. */
export interface FileLayer extends Disposable {
  /** Of `node:fs/promises`. */
  replaceFunction(name: string, replacement: Replacement): void
  /** Of open files. */
  replaceMethod(name: string, replacement: Replacement): void
  /** Of `node:fs`. */
  replaceSync(name: string, replacement: Replacement): void
}

export async function createFileLayer(): Promise<FileLayer> {
  const undo: (() => void)[] = []
  const probe = await promises.open(devNull)
  const methods: object = Object.getPrototypeOf(probe)
  await probe.close()

  function replace(owner: object, name: string, replacement: Replacement): void {
    const original: unknown = Reflect.get(owner, name)
    if (typeof original !== 'function') throw new Error(`there is no ${name}`)
    Reflect.set(owner, name, function replaced(this: unknown, ...args: unknown[]): unknown {
      return replacement(() => Reflect.apply(original, this, args), args, this)
    })
    undo.push(() => void Reflect.set(owner, name, original))
    syncBuiltinESMExports()
  }

  return {
    replaceFunction: (name, replacement) => replace(promises, name, replacement),
    replaceMethod: (name, replacement) => replace(methods, name, replacement),
    replaceSync: (name, replacement) => replace(fs, name, replacement),
    [Symbol.dispose]() {
      for (const restore of undo) restore()
      syncBuiltinESMExports()
    },
  }
}
