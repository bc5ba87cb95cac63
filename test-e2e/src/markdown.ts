import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A page of the documentation. */
export interface Page {
  /** Below the repository's root, with forward slashes. */
  readonly path: string
  readonly text: string
  readonly blocks: readonly CodeBlock[]
}

export interface CodeBlock {
  /** `README.md:12`, where its code begins. */
  readonly where: string
  readonly language: string
  readonly code: string
}

/** The pages that people read, in the order of their names. */
export function readPages(root: string): readonly Page[] {
  const patterns = ['*.md', 'docs/**/*.md', 'packages/*/README.md', 'examples/*/README.md']
  return globSync(patterns, { cwd: root, exclude: ['**/node_modules'] })
    .map((path) => path.replaceAll('\\', '/'))
    .toSorted()
    .map((path) => {
      const text = readFileSync(join(root, path), 'utf8')
      return { path, text, blocks: codeBlocks(path, text) }
    })
}

function codeBlocks(path: string, text: string): readonly CodeBlock[] {
  return [...text.matchAll(/^```(\w+)[^\n]*\n([^]*?)^```$/gm)].map((match) => {
    const line = text.slice(0, match.index).split('\n').length + 1
    return { where: `${path}:${line}`, language: match[1] ?? '', code: match[2] ?? '' }
  })
}

/** Targets of links and images, as they are written, outside code. */
export function linksOf({ text }: Page): readonly string[] {
  const prose = text.replace(/^```[^]*?^```$/gm, '').replace(/`[^`\n]*`/g, '')
  return [...prose.matchAll(/\]\(([^()\s]+)\)/g)].map((match) => match[1] ?? '')
}

/** The anchors that a page's headings have on the usual hosts. */
export function anchorsOf({ text }: Page): readonly string[] {
  const prose = text.replace(/^```[^]*?^```$/gm, '')
  return [...prose.matchAll(/^#+ +(.+)$/gm)].map(([, title = '']) =>
    title
      .trim()
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

/** The cells of every table row of a page; inline code without its backticks. */
export function tableRows({ text }: Page): readonly (readonly string[])[] {
  return [...text.matchAll(/^\|(.+)\|$/gm)].map(([, row = '']) =>
    row.split('|').map((cell) => cell.trim().replace(/^`([^`]*)`$/, '$1')),
  )
}
