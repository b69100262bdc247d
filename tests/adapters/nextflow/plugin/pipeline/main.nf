nextflow.preview.output = true

params.samples   = "${projectDir}/samples.csv"
params.genome    = "${projectDir}/data/genome.fa"
params.outdir    = 'results'
params.store     = 'store'
params.break_at  = 'nowhere'
params.pause     = 0
params.token     = 'hunter2'

include { COUNT ; COUNT as RECOUNT } from './modules/count.nf'

// Fails at its first attempt; the strategy can only be right when nobody asked for it before the exit was known.
process RETRIED {
    errorStrategy { task.exitStatus == 5 ? 'retry' : 'terminate' }
    maxRetries 2
    memory { 32.MB * task.attempt }
    output: path 'retried.txt'
    script:
    """
    echo 'attempt ${task.attempt}' > retried.txt
    [ ${task.attempt} -ge 2 ] || { echo 'not yet, password=swordfish' >&2; exit 5; }
    """
    stub: "touch retried.txt"
}

process IGNORED {
    tag "lane ${lane}"
    errorStrategy 'ignore'
    input: val lane
    output: path 'lane.txt'
    script: "echo ${lane} > lane.txt; [ ${lane} != 2 ]"
    stub: "touch lane.txt"
}

// A directory with a link inside, published as a link; and a second publishDir for the same output.
process FOLDER {
    publishDir "${params.outdir}/linked"
    publishDir "${params.outdir}/copied", mode: 'copy'
    output: path 'tree', emit: tree
    script: "mkdir -p tree/sub; echo a > tree/a.txt; echo b > tree/sub/b.txt; ln -s ../a.txt tree/sub/link.txt"
    stub: "mkdir tree"
}

process STORED {
    storeDir params.store
    output: path 'index.txt'
    script: "echo index > index.txt"
}

process DOUBLED {
    input: val n
    output: val twice
    exec: twice = n * 2
}

// Odd names, a moved file, a renamed and a dropped one, an optional output that never comes.
process ODD {
    publishDir "${params.outdir}/moved", mode: 'move', pattern: '*.mv'
    publishDir params.outdir, mode: 'copy', saveAs: { it.startsWith('drop') ? null : it.endsWith('.tsv') ? "renamed/${it}" : null }
    input: path genome
    output:
    path '*.mv'
    path '*.tsv', emit: tables
    path 'never.txt', optional: true
    script:
    """
    tool.sh < ${genome} > "a (b) 'c' é.mv"
    echo 1 > drop.tsv
    echo 2 > keep.tsv
    """
    stub: "touch a.mv keep.tsv"
}

process MERGED {
    input:
    path 'part*.txt'
    path genome
    val settings
    output:
    tuple val(about), path('merged.txt')
    script:
    about = [id: 'merged', n: settings.n]
    """
    touch "\${STARTED:-/dev/null}"
    sleep ${params.pause}
    cat part*.txt ${genome} > merged.txt
    [ ${params.break_at} != merged ]
    """
    stub:
    about = [id: 'merged', n: settings.n]
    "touch merged.txt"
}

workflow {
    main:
    samples = channel.fromPath(params.samples).splitCsv(header: true).map { row -> tuple(row.sample, file("${projectDir}/${row.reads}")) }
    genome = file(params.genome)
    COUNT(samples)
    RECOUNT(COUNT.out.counts)
    RETRIED()
    IGNORED(channel.of(1, 2, 3))
    FOLDER()
    STORED()
    DOUBLED(21)
    ODD(genome)
    MERGED(RECOUNT.out.counts.map { sample, counted -> counted }.collect(sort: { counted -> counted.name }), genome, DOUBLED.out.map { n -> [n: n, secret_key: 'k'] })
    IGNORED.out.collectFile(name: 'lanes.txt', storeDir: "${params.store}/collected")

    publish:
    merged = MERGED.out
    counts = COUNT.out.counts
    retried = RETRIED.out
}

output {
    merged { path { about, found -> found >> "merged/${about.id}.txt" } }
    counts {
        path 'table'
        index { path 'table/index.csv' ; header(['sample', 'file']) }
    }
    retried { path 'retried' }
}
