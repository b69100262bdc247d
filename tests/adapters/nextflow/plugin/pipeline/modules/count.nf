// One module that is included twice, under its own name and under another.
process COUNT {
    tag "${sample}"
    publishDir "${params.outdir}/counts", mode: 'copy'

    input:
    tuple val(sample), path(reads, name: 'in/*')

    output:
    tuple val(sample), path("${sample}.count"), emit: counts

    script:
    """
    wc -l < ${reads} > '${sample}.count'
    """

    stub:
    """
    touch '${sample}.count'
    """
}
