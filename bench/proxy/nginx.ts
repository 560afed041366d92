/** Of every nginx of a benchmark: up to where the `http` section goes on. @param folder where it may write */
export const nginxBeginning = (folder: string): string => `
daemon off;
pid ${folder}/nginx.pid;
error_log stderr crit;
worker_processes 1;
events { worker_connections 8192; }
http {
  access_log off;
  client_body_temp_path ${folder}/nginx-body;
  proxy_temp_path ${folder}/nginx-proxy;
  fastcgi_temp_path ${folder}/nginx-fastcgi;
  uwsgi_temp_path ${folder}/nginx-uwsgi;
  scgi_temp_path ${folder}/nginx-scgi;
  keepalive_timeout 600s;
  keepalive_requests 1000000000;
  default_type text/plain;
`;
