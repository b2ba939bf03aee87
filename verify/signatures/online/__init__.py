"""The only network below the records: what a document lacks, asked within limits."""
