// One pass: a string is kept whole, so that `//` in it starts no comment; a comment is dropped.
const commentOrString = /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`/g

// `from 'x'` and `import 'x'` stand at a statement's start or end; `import('x')` anywhere.
const importForms = /(?:^|[\s}*;])(?:from|import)\s*(['"])([^'"\s]+)\1|\bimport\s*\(\s*(['"])([^'"\s]+)\3/g

/** The module specifiers that a TypeScript source imports, types included, in order of appearance. */
export function importsOf(source: string): string[] {
  const text = source.replace(commentOrString, (match) => (match.startsWith('/') ? ' ' : match))
  return [...text.matchAll(importForms)].map((match) => match[2] ?? match[4] ?? '')
}
