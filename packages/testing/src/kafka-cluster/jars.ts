/**
 * Where a real Kafka comes from without Docker: the server's jars from Maven Central, fetched once per version into the
 * user's cache directory, with a class data archive so that a broker starts in under a second.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

export interface KafkaJars {
  readonly version: string
  readonly classpath: string
  /** Class data archive: made on the first clean stop of a broker, used by all later starts. */
  readonly archive: string
}

/** Names the missing program, or null when Java 17+ and Maven are both there. */
export function missingForKafka(): string | null {
  for (const program of ['java', 'mvn']) {
    const found = spawnSync(program, [program === 'java' ? '-version' : '--version'], { encoding: 'utf8' })
    if (found.status !== 0) return `"${program}" was not found`
    const version = /version "(\d+)/.exec(found.stderr)?.[1]
    if (program === 'java' && Number(version) < 17) return `java ${version} was found, 17 or newer is needed`
  }
  return null
}

const pomOf = (version: string, excluded: readonly string[]): string => {
  const exclusions = excluded
    .map((name) => `<exclusion><groupId>org.apache.kafka</groupId><artifactId>${name}</artifactId></exclusion>`)
    .join('')
  const dependency = (group: string, artifact: string, v: string, more = ''): string =>
    `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${v}</version>${more}</dependency>`
  return `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>local</groupId><artifactId>kafka-server</artifactId><version>1</version><dependencies>
${dependency('org.apache.kafka', 'kafka_2.13', version, `<exclusions>${exclusions}</exclusions>`)}
${dependency('org.slf4j', 'slf4j-simple', '1.7.36')}
</dependencies></project>`
}

/**
 * The jars of a Kafka server, from the cache or through Maven.
 *
 * @throws Error with Maven's own words when the version cannot be had
 */
export function kafkaJars(version: string): KafkaJars {
  const home = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'millrace', 'kafka', version)
  const lib = join(home, 'lib')
  if (!existsSync(lib)) fetchJars(home, lib, version)
  const jars = readdirSync(lib).filter((name) => name.endsWith('.jar'))
  const classpath = jars
    .toSorted()
    .map((name) => join(lib, name))
    .join(':')
  return { version, classpath, archive: join(home, 'broker.jsa') }
}

function fetchJars(home: string, lib: string, version: string): void {
  let failure = ''
  // kafka-tools-api is not published for every version, and a broker runs without it
  for (const excluded of [[], ['kafka-tools-api']]) {
    const build = join(home, `build-${process.pid}`)
    mkdirSync(build, { recursive: true })
    writeFileSync(join(build, 'pom.xml'), pomOf(version, excluded))
    const goal = [
      '-q',
      '-B',
      'dependency:copy-dependencies',
      '-DincludeScope=runtime',
      `-DoutputDirectory=${join(build, 'lib')}`,
    ]
    const maven = spawnSync('mvn', goal, { cwd: build, encoding: 'utf8' })
    if (maven.status === 0 && !existsSync(lib)) renameSync(join(build, 'lib'), lib)
    rmSync(build, { recursive: true, force: true })
    if (maven.status === 0) return
    failure = `${maven.stdout}${maven.stderr}`
      .split('\n')
      .filter((line) => line.includes('ERROR'))
      .slice(0, 3)
      .join('\n')
  }
  throw new Error(`Kafka ${version} cannot be fetched through Maven:\n${failure}`)
}
