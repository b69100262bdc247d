// Reads and lengths per sample, and one table over all. Nothing here knows of Lignin.
params.reads  = "${projectDir}/../01_snakemake_reads/data/*.fastq.gz"
params.outdir = "${projectDir}/results"

process COUNT {
    tag "${sample}"

    input:
    tuple val(sample), path(reads)

    output:
    path "${sample}.tsv"

    script:
    """
    gzip -dc ${reads} | awk -v sample=${sample} -v OFS='\\t' '
        NR % 4 == 2 { n++; l = length(\$0); bases += l; if (n == 1 || l < low) low = l; if (l > high) high = l }
        END { print sample, n, bases, low, high }' > ${sample}.tsv
    """
}

process TABLE {
    publishDir params.outdir, mode: 'copy'

    input:
    path rows

    output:
    path 'read_lengths.tsv'

    script:
    """
    printf 'sample\\treads\\tbases\\tshortest\\tlongest\\n' > read_lengths.tsv
    sort ${rows} >> read_lengths.tsv
    """
}

workflow {
    samples = channel.fromPath(params.reads).map { reads -> tuple(reads.simpleName, reads) }
    TABLE(COUNT(samples).collect())
}
