// A panel to order: the best genes of each cell type, and how many held-out cells they told. Nothing here knows of Lignin.
params.markers = "${projectDir}/results/markers.csv"
params.scores  = "${projectDir}/results/scores.csv"
params.outdir  = "${projectDir}/results"
params.genes   = 5

process PICK_GENES {
    tag "${cell_type}"

    input:
    tuple val(cell_type), path(markers)

    output:
    tuple val(cell_type), path("${cell_type}.genes")

    script:
    """
    awk -F, -v type=${cell_type} '\$2 == type { print \$1 }' ${markers} | head -n ${params.genes} | paste -s -d , > ${cell_type}.genes
    """
}

// A cell is told where no other type has a higher score than its own.
process COUNT_TOLD {
    tag "${cell_type}"

    input:
    tuple val(cell_type), path(genes), path(scores)

    output:
    path "${cell_type}.tsv"

    script:
    """
    awk -F, -v type=${cell_type} -v genes=\$(cat ${genes}) -v OFS='\\t' '
        NR == 1 { for (i = 3; i <= NF; i++) if (\$i == type) own = i; next }
        \$2 == type { cells++; best = 1; for (i = 3; i <= NF; i++) if (\$i + 0 > \$own + 0) best = 0; told += best }
        END { print type, cells, told + 0, genes }' ${scores} > ${cell_type}.tsv
    """
}

process PANEL {
    publishDir params.outdir, mode: 'copy'

    input:
    path rows

    output:
    path 'panel.tsv'

    script:
    """
    printf 'cell_type\\tcells\\ttold\\tgenes\\n' > panel.tsv
    sort ${rows} >> panel.tsv
    """
}

workflow {
    markers = file(params.markers)
    types = channel.fromPath(params.markers).splitCsv(header: true).map { row -> row.cell_type }.unique()
    genes = PICK_GENES(types.map { type -> tuple(type, markers) })
    told = COUNT_TOLD(genes.map { type, picked -> tuple(type, picked, file(params.scores)) })
    PANEL(told.collect())
}
