import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join, sep } from 'node:path'
import type { Plugin } from 'vite'

/** What is worth compressing: fonts and pictures are compressed already. */
const text = /\.(js|css|html|svg|json)$/

/**
 * Writes file.br and file.gz beside every text file of the built app. The server sends them as they are: it compresses nothing while it serves, and the size that the size
 * test counts is the size that goes over the wire. Under assets only the copies stay: the binary carries each file, and the server unpacks one for the rare client that takes no compression.
 */
export function compress(): Plugin {
  let folder = ''
  return {
    name: 'tandem-compress',
    apply: 'build',
    configResolved(config) {
      folder = join(config.root, config.build.outDir)
    },
    closeBundle() {
      for (const file of files(folder)) {
        if (!text.test(file)) continue
        const body = readFileSync(file)
        writeFileSync(`${file}.br`, brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }))
        writeFileSync(`${file}.gz`, gzipSync(body, { level: 9 }))
        if (file.includes(`${sep}assets${sep}`)) rmSync(file)
      }
    },
  }
}

function files(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name)
    return statSync(path).isDirectory() ? files(path) : [path]
  })
}
