package dev.lockstep.spark.registry;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lockstep.yaml.Section;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Set;

/**
 * The process that holds a lease.
 *
 * @param host where it runs
 * @param pid its number
 * @param begun what tells it from others that had its number before: when it began, in ticks of the
 *     kernel, which know nothing of the clock's being set; empty where the system does not tell
 * @param numbering what counts its number: one start of one machine's kernel, and one of the sets
 *     of processes (such as a container's) that this numbers apart; empty where the system does not
 *     tell
 */
record Holder(String host, long pid, String begun, String numbering) {
  private static final Path BOOT = Path.of("/proc/sys/kernel/random/boot_id");
  private static final Path PID_NAMESPACE = Path.of("/proc/self/ns/pid");

  /** Of the fields of {@code /proc/<pid>/stat} behind the command's name, as in proc(5). */
  private static final int START_TIME = 22 - 3;

  /** The states of a process that has ended and waits to be noticed by its parent. */
  private static final Set<String> ENDED = Set.of("Z", "X");

  /** What another process can know of one. */
  enum State {
    ALIVE,
    DEAD,
    OUT_OF_SIGHT
  }

  /** This process. */
  static Holder self() {
    long pid = ProcessHandle.current().pid();
    return new Holder(ownHost(), pid, ownBegin(pid), ownNumbering());
  }

  private static String ownHost() {
    try {
      return InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException e) {
      return "an unknown host";
    }
  }

  private static String ownBegin(long pid) {
    try {
      return stat(pid)[START_TIME];
    } catch (IOException e) {
      return "";
    }
  }

  private static String[] stat(long pid) throws IOException {
    String line = Files.readString(stat(Long.toString(pid)), ISO_8859_1);
    return line.substring(line.lastIndexOf(')') + 2).split(" ");
  }

  private static Path stat(String process) {
    return Path.of("/proc", process, "stat");
  }

  private static String ownNumbering() {
    try {
      return Files.readString(BOOT).strip() + " " + Files.readSymbolicLink(PID_NAMESPACE);
    } catch (IOException | UnsupportedOperationException e) {
      return "";
    }
  }

  static Holder read(Section section) {
    return new Holder(
        section.text("host"),
        section.whole("pid", 0, 0, Long.MAX_VALUE),
        section.text("begun", ""),
        section.text("numbering", ""));
  }

  void putInto(ObjectNode json) {
    json.put("host", host).put("pid", pid).put("begun", begun).put("numbering", numbering);
  }

  /**
   * Whether it lives. A process of a machine or container other than this cannot be seen, nor one
   * that the system hides.
   */
  State state() {
    if (numbering.isEmpty() || !numbering.equals(ownNumbering()) || !begun.matches("[0-9]+")) {
      return State.OUT_OF_SIGHT;
    }
    try {
      String[] fields = stat(pid);
      boolean alive = !ENDED.contains(fields[0]) && fields[START_TIME].equals(begun);
      return alive ? State.ALIVE : State.DEAD;
    } catch (NoSuchFileException e) {
      boolean hidden = !Files.exists(stat("1"));
      return hidden ? State.OUT_OF_SIGHT : State.DEAD;
    } catch (IOException e) {
      return State.OUT_OF_SIGHT;
    }
  }

  @Override
  public String toString() {
    return "process %d on %s".formatted(pid, host);
  }
}
