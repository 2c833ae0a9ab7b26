"""Suffixes of files that hold no log, whatever their content looks like."""

from __future__ import annotations

#: What other files are called, whatever is in them. Any other suffix is no reason to pass over a log.
OTHER_SUFFIXES = frozenset(
    """.py .ipynb .c .cc .cpp .cu .h .hpp .rs .go .java .js .ts .jl .r .m .lua .pl .rb .sh .bash .bat .ps1 .cmake .sql
    .json .jsonl .ndjson .yaml .yml .toml .ini .cfg .conf .config .properties .xml .html .htm .css .svg .csv .tsv
    .rst .tex .bib .bbl .doc .docx .pdf .rtf .patch .diff .lock .gin .prototxt .pbtxt .proto .tmpl .template
    .npy .npz .pt .pth .ckpt .bin .pkl .pickle .h5 .hdf5 .db .db3 .sqlite .sqlite3 .lmdb .mdb .parquet .arrow .feather
    .xlsx .xls .ods
    .png .jpg .jpeg .gif .bmp .webp .mp4 .wav .mp3 .flac .zip .gz .bz2 .xz .zst .7z .tar .tgz .whl .onnx .pb .tflite
    .safetensors .gguf .wandb .so .dll .exe .o .a .class .jar .pyc .vocab .model .tok .spm .src .tgt .scp .ark .fst
    .obj .ply .off .stl .xyz .pdb .mol .sdf .fasta .fa .vcf .bed .gff .sam .bam .srt .vtt .eml .ics .po""".split()
)
