package dev.lockstep.spark;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A TCP port that a process listens on, as Linux tells.
 *
 * @param address it is bound to
 */
public record ListeningSocket(String address, int port) {
  private static final String LISTEN = "0A";

  /** All that the process listens on. */
  public static List<ListeningSocket> of(long process) {
    Path proc = Path.of("/proc", Long.toString(process));
    Set<String> own = inodes(proc.resolve("fd"));
    return Stream.of("net/tcp", "net/tcp6")
        .flatMap(table -> lines(proc.resolve(table)))
        .map(line -> line.strip().split("\\s+"))
        .filter(cells -> cells[3].equals(LISTEN) && own.contains(cells[9]))
        .map(cells -> parse(cells[1]))
        .toList();
  }

  private static Set<String> inodes(Path descriptors) {
    try (Stream<Path> all = Files.list(descriptors)) {
      return all.map(ListeningSocket::target)
          .filter(target -> target.startsWith("socket:["))
          .map(target -> target.substring("socket:[".length(), target.length() - 1))
          .collect(Collectors.toSet());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String target(Path descriptor) {
    try {
      return Files.readSymbolicLink(descriptor).toString();
    } catch (IOException e) {
      return "closed meanwhile";
    }
  }

  private static Stream<String> lines(Path table) {
    try {
      return Files.readAllLines(table).stream().skip(1);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** An address is written as words of 32 bits in the order of the machine, a port as it is. */
  private static ListeningSocket parse(String written) {
    String[] parts = written.split(":");
    ByteBuffer words = ByteBuffer.wrap(HexFormat.of().parseHex(parts[0]));
    ByteBuffer bytes = ByteBuffer.allocate(words.capacity()).order(ByteOrder.nativeOrder());
    while (words.hasRemaining()) {
      bytes.putInt(words.getInt());
    }
    try {
      return new ListeningSocket(
          InetAddress.getByAddress(bytes.array()).getHostAddress(), Integer.parseInt(parts[1], 16));
    } catch (UnknownHostException e) {
      throw new IllegalStateException(e);
    }
  }
}
