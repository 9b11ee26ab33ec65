(ns ^:jvm parallel.cluster.keys-test
  "The keys of the two ends of a connection, as other code of the JDK reads them."
  (:require [clojure.test :refer [deftest is testing]])
  (:import [java.security.cert CertificateException X509Certificate]
           [java.time Duration Instant]
           [java.util Arrays]
           [javax.naming.ldap LdapName]
           [javax.net.ssl X509ExtendedTrustManager]
           [parallel.cluster Keys]))

(defn- hidden [method keys]
  (.invoke (doto (.getDeclaredMethod Keys method (make-array Class 0)) (.setAccessible true)) keys (object-array 0)))

(defn- certificate ^X509Certificate [keys] (hidden "certificate" keys))
(defn- trust ^X509ExtendedTrustManager [keys] (hidden "trust" keys))

(defn- trusts? [keys & certificates]
  (let [chain (into-array X509Certificate certificates)]
    (try (.checkServerTrusted (trust keys) chain "UNKNOWN")
         (.checkClientTrusted (trust keys) chain "UNKNOWN")
         true
         (catch CertificateException _ false))))

(deftest a-certificate-is-one-that-the-JDK-reads-and-is-signed-by-its-own-key
  (doseq [[keys text] (map vector (Keys/pair "session 7, link" "Größe, \"a,b\"") ["session 7, link" "Größe, \"a,b\""])
          :let [made (certificate keys)]]
    (is (nil? (.verify made (.getPublicKey made))))
    (is (= "SHA256withECDSA" (.getSigAlgName made)))
    (is (= 256 (.. made getPublicKey getParams getCurve getField getFieldSize)))
    (is (= [["CN" text]] (for [rdn (.getRdns (LdapName. (.getName (.getSubjectX500Principal made))))]
                           [(.getType rdn) (.getValue rdn)])))
    (is (pos? (.signum (.getSerialNumber made))))))

(deftest a-certificate-is-valid-from-a-day-ago-for-thirty-days
  (let [before (Instant/now)
        made   (certificate (first (Keys/pair "a" "b")))
        near?  (fn [^Instant expected date]
                 (> 60 (Math/abs (.toSeconds (Duration/between expected (.toInstant date))))))]
    (is (near? (.minus before (Duration/ofHours 24)) (.getNotBefore made)))
    (is (near? (.plus before (Duration/ofDays 30)) (.getNotAfter made)))))

(deftest each-end-trusts-the-other-end-alone
  (let [[one other] (Keys/pair "one" "other")
        [_ foreign] (Keys/pair "one" "other")]
    (is (trusts? one (certificate other)))
    (is (trusts? other (certificate one)))
    (testing "not itself, not a stranger of the same name, not a chain, not nothing"
      (is (not (trusts? one (certificate one))))
      (is (not (trusts? one (certificate foreign))))
      (is (not (trusts? one (certificate other) (certificate foreign))))
      (is (not (trusts? one (certificate foreign) (certificate other))))
      (is (not (trusts? one)))
      (is (not (try (.checkClientTrusted (trust one) nil "UNKNOWN") true (catch CertificateException _ false)))))
    (is (= 0 (alength (.getAcceptedIssuers (trust one)))))))

(deftest no-two-pairs-are-alike
  (let [made (mapcat (fn [_] (map certificate (Keys/pair "a" "a"))) (range 20))]
    (is (apply distinct? (map #(.getSerialNumber %) made)))
    (is (apply distinct? (map #(.getPublicKey %) made)))))

(deftest keys-are-the-same-after-their-bytes-were-sent
  (let [[one other] (Keys/pair "one" "other")
        again       (Keys/decode (.encode one))]
    (is (Arrays/equals (.encode one) (.encode again)))
    (is (= (certificate one) (certificate again)))
    (is (trusts? again (certificate other)))
    (is (not (trusts? again (certificate one))))))

(deftest bytes-that-are-no-keys-are-refused
  (let [encoded (.encode ^Keys (first (Keys/pair "one" "other")))
        refused (fn [bytes] (try (Keys/decode bytes) :taken (catch IllegalArgumentException _ :refused)))]
    (is (= :refused (refused (byte-array 0))))
    (is (= :refused (refused (byte-array 12 (byte -1)))))
    (is (= :refused (refused (byte-array [127 0 0 0]))))
    (is (= #{:refused} (set (map #(refused (Arrays/copyOf encoded (int %))) (range 0 (alength encoded) 7)))))
    (is (= :refused (refused (Arrays/copyOf encoded (inc (alength encoded))))))))
