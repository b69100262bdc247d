"""With the scripts of this folder and nothing else. A script that a shell command runs is an input of its rule."""


rule index:
    input:
        script="scripts/index_reference.py",
        fasta="results/reference.fa",
    output:
        "results/index.json",
    params:
        k=12,
    shell:
        "{sys.executable} {input.script} {input.fasta} {params.k} > {output}"


rule map_reads:
    input:
        script="scripts/map_reads.py",
        index="results/index.json",
        reads=f"{config['reads']}/{{sample}}.fastq.gz",
    output:
        temp("results/mapped/{sample}.sam"),
    params:
        max_mismatches=60,
    shell:
        "{sys.executable} {input.script} {input.index} {input.reads} {wildcards.sample} {params.max_mismatches} > {output}"


rule sort_reads:
    input:
        script="scripts/sort_reads.py",
        sam="results/mapped/{sample}.sam",
    output:
        "results/sorted/{sample}.sam",
    shell:
        "{sys.executable} {input.script} {input.sam} > {output}"


rule call:
    input:
        script="scripts/call_sites.py",
        fasta="results/reference.fa",
        sam=expand("results/sorted/{sample}.sam", sample=SAMPLES),
    output:
        "results/calls.vcf",
    params:
        min_fraction=0.2,
    shell:
        "{sys.executable} {input.script} {params.min_fraction} {input.fasta} {input.sam} > {output}"
