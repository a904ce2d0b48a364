package dev.lockstep.spark.source;

import dev.lockstep.spark.storage.Patience;
import java.io.IOException;
import org.apache.parquet.hadoop.util.HadoopInputFile;
import org.apache.parquet.io.DelegatingSeekableInputStream;
import org.apache.parquet.io.InputFile;
import org.apache.parquet.io.SeekableInputStream;

/**
 * A Parquet file on a file system that may stop answering.
 *
 * @param patience with one opening, or one read
 */
record PatientInputFile(HadoopInputFile file, Patience patience) implements InputFile {
  /** Parquet's errors name the file so. */
  @Override
  public String toString() {
    return file.getPath().toString();
  }

  @Override
  public long getLength() {
    return file.getLength();
  }

  @Override
  public SeekableInputStream newStream() throws IOException {
    SeekableInputStream stream = patience.await("be opened", file::newStream);
    return new DelegatingSeekableInputStream(patience.reading(stream)) {
      @Override
      public long getPos() throws IOException {
        return stream.getPos();
      }

      @Override
      public void seek(long position) throws IOException {
        patience.perform("be read", () -> stream.seek(position));
      }
    };
  }
}
