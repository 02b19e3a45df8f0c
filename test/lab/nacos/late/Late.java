import java.lang.instrument.ClassFileTransformer;
import java.lang.instrument.Instrumentation;
import java.security.ProtectionDomain;

/**
 * Makes a member of a Nacos cluster hear of the leader of its first Raft group while it still sets that group up, as happens on a
 * busy machine: RouteTable, which must know the group by then, takes a quarter of a minute to load.
 */
public final class Late {
  private Late() {}

  public static void premain(String arguments, Instrumentation instrumentation) {
    instrumentation.addTransformer(
        new ClassFileTransformer() {
          @Override
          public byte[] transform(
              ClassLoader loader, String name, Class<?> old, ProtectionDomain domain, byte[] bytes) {
            if ("com/alipay/sofa/jraft/RouteTable".equals(name)) {
              try {
                // Longer than a leader waits at most before it knocks again at a member that was away for some seconds.
                Thread.sleep(15000);
              } catch (InterruptedException stop) {
                Thread.currentThread().interrupt();
              }
            }
            return null;
          }
        });
  }
}
