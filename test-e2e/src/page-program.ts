import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { globSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { CodeBlock, Page } from './markdown.ts'

/** A block of TypeScript as a file. */
export interface BlockFile {
  readonly block: CodeBlock
  readonly path: string
}

/**
 * Writes the TypeScript of pages as files below a folder in which the packages of the workspace can be imported. The blocks of
 * one page lie side by side; one that begins with a comment `// name.ts` has that name, so that the others can import it.
 */
export async function writeBlocks(
  folder: string,
  { root, pages }: { readonly root: string; readonly pages: readonly Page[] },
): Promise<readonly BlockFile[]> {
  await linkModules(folder, root)
  await writeFile(join(folder, 'package.json'), JSON.stringify({ type: 'module' }))
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(typeCheckSettings(root)))
  const files: BlockFile[] = []
  for (const page of pages) {
    const place = join(folder, 'pages', page.path.replaceAll(/[^\w]/g, '-'))
    await mkdir(place, { recursive: true })
    for (const block of page.blocks.filter(({ language }) => language === 'ts')) {
      const name = /^\/\/ ([\w.-]+\.ts)\n/.exec(block.code)?.[1] ?? `line-${block.where.split(':').at(-1)}.ts`
      const path = join(place, name)
      await writeFile(path, block.code)
      files.push({ block, path })
    }
  }
  return files
}

async function linkModules(folder: string, root: string): Promise<void> {
  const modules = join(folder, 'node_modules')
  await mkdir(join(modules, '@crossdock'), { recursive: true })
  for (const manifest of globSync('packages/*/package.json', { cwd: root })) {
    const packageFolder = dirname(join(root, manifest))
    await symlink(packageFolder, join(modules, '@crossdock', basename(packageFolder)), 'junction')
  }
  for (const name of ['@types', 'vitest'])
    await symlink(join(root, 'node_modules', name), join(modules, name), 'junction')
}

function typeCheckSettings(root: string): unknown {
  return {
    extends: join(root, 'tsconfig.check.json'),
    // The sources of the packages are checked elsewhere; a page may leave out what a package may not.
    compilerOptions: { rootDir: '/', noUnusedLocals: false, skipLibCheck: true },
    include: ['pages'],
  }
}

/** What comments behind `console.log(…)` say is printed, in order; `…` and PORT stand for anything. */
export function expectedOutput({ code }: CodeBlock): readonly RegExp[] {
  return [...code.matchAll(/^\s*.*console\.log\(.*\) \/\/ (.+)$/gm)].map(([, said = '']) => {
    // What follows a colon is for people.
    const literal = said.replace(/: .*$/, (rest) => (/^: \w+ \w+/.test(rest) ? '' : rest))
    const pattern = literal
      .replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`)
      .replaceAll(/\s+/g, String.raw`\s+`)
      .replaceAll('…', '.*')
      .replaceAll('PORT', String.raw`\d+`)
    return new RegExp(pattern)
  })
}
