"""With bwa, samtools and bcftools."""


rule index:
    input:
        "results/reference.fa",
    output:
        multiext("results/reference.fa", ".amb", ".ann", ".bwt", ".pac", ".sa", ".fai"),
    log:
        "results/logs/index.log",
    shell:
        "(bwa index {input} && samtools faidx {input}) 2> {log}"


rule map_reads:
    input:
        fasta="results/reference.fa",
        index=rules.index.output,
        reads=f"{config['reads']}/{{sample}}.fastq.gz",
    output:
        temp("results/mapped/{sample}.bam"),
    params:
        group=r"@RG\tID:{sample}\tSM:{sample}",
    log:
        "results/logs/map.{sample}.log",
    shell:
        "(bwa mem -R '{params.group}' {input.fasta} {input.reads} | samtools view -b - > {output}) 2> {log}"


rule sort_reads:
    input:
        "results/mapped/{sample}.bam",
    output:
        bam="results/sorted/{sample}.bam",
        index="results/sorted/{sample}.bam.bai",
    shell:
        "samtools sort -o {output.bam} {input} && samtools index {output.bam}"


rule call:
    input:
        fasta="results/reference.fa",
        index="results/reference.fa.fai",
        bam=expand("results/sorted/{sample}.bam", sample=SAMPLES),
        bai=expand("results/sorted/{sample}.bam.bai", sample=SAMPLES),
    output:
        "results/calls.vcf",
    params:
        max_depth=config["max_depth"],
    log:
        "results/logs/call.log",
    shell:
        "(bcftools mpileup -d {params.max_depth} -a FORMAT/AD,FORMAT/DP -f {input.fasta} {input.bam}"
        " | bcftools call -m -v - > {output}) 2> {log}"
